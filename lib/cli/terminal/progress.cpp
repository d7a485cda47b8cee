#include "lib/cli/terminal/progress.h"

#include <cmath>
#include <cstdio>
#include <utility>

#include "lib/cli/terminal/readable_numbers.h"
#include "lib/cli/terminal/terminal.h"

namespace paramstore::cli {

ProgressLine::ProgressLine(std::string doing)
    : doing_(std::move(doing)), next_(started_ + std::chrono::milliseconds(500)) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\r\x1b[K", stderr);
}

void ProgressLine::update(std::uint64_t done, std::uint64_t total) {
  InterruptGuard::check();
  const Clock::time_point now = Clock::now();
  if (!Terminal::error().is_terminal || now < next_) return;
  next_ = now + std::chrono::milliseconds(100);
  const double seconds = std::chrono::duration<double>(now - started_).count();
  std::string line = doing_;
  if (total > 0) {
    const double part = static_cast<double>(done) / static_cast<double>(total);
    line += ": " + std::to_string(static_cast<int>(100 * part)) + "% of " + byte_count(total);
    if (part > 0.02) line += ", " + std::to_string(std::lround(seconds * (1 - part) / part)) + " s left";
  } else {
    line += ": " + std::to_string(static_cast<int>(seconds)) + " s";
  }
  std::fprintf(stderr, "\r\x1b[K%s", line.substr(0, Terminal::error().width - 1).c_str());
  std::fflush(stderr);
  shown_ = true;
}

storage::Progress ProgressLine::callback() {
  return [this](std::uint64_t done, std::uint64_t total) { update(done, total); };
}

}  // namespace paramstore::cli
