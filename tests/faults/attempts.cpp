#include "faults/attempts.h"

#include <execinfo.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <new>
#include <stdexcept>

#include "faults/allocations.h"

namespace faults {
namespace {

constexpr unsigned most_seconds = 60;    // that one attempt may take
constexpr std::chrono::seconds slow(2);  // an attempt that the log mentions
constexpr long most_chances = 1'000'000;
constexpr int next_worker = 77;   // a worker's exit status: it has told what was lost, and another one goes on
constexpr int most_deaths = 100;  // of one series, which is then given up: it may die without the fault

// Where a worker is; it outlives the worker.
struct Position {
  std::size_t series;
  long pick;
  long n;
  unsigned long held;
};

class SharedPosition {
 public:
  SharedPosition()
      : at_(static_cast<Position*>(
            ::mmap(nullptr, sizeof(Position), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))) {
    if (at_ == MAP_FAILED) throw std::bad_alloc();
    *at_ = {0, 0, 1, 0};
  }
  ~SharedPosition() { ::munmap(at_, sizeof(Position)); }
  SharedPosition(const SharedPosition&) = delete;
  SharedPosition& operator=(const SharedPosition&) = delete;
  Position* operator->() const { return at_; }

 private:
  Position* at_;
};

// Which series and which n are wanted.
class Choice {
 public:
  explicit Choice(const std::string& only) : only_(only) {
    const std::size_t slash = only.rfind('/');
    if (slash == std::string::npos || slash + 1 == only.size()) return;
    if (only.find_first_not_of("0123456789", slash + 1) != std::string::npos) return;
    n_ = std::stol(only.substr(slash + 1));
    only_ = only.substr(0, slash);
  }
  bool series(const std::string& label) const {
    return n_ > 0 ? label == only_ : label.find(only_) != std::string::npos;
  }
  /// 0 if all are wanted.
  long n() const { return n_; }

 private:
  std::string only_;
  long n_ = 0;
};

std::string label_of(const Series& series, long n) { return series.label + "/" + std::to_string(n); }

// Spread evenly, and not the same chances for every series.
std::vector<long> picks_of(const Series& series, long chances, long picks) {
  std::vector<long> chosen;
  if (chances <= picks) {
    for (long n = 1; n <= chances; ++n) chosen.push_back(n);
    return chosen;
  }
  const auto offset = static_cast<long>(std::hash<std::string>()(series.label) % 1'000'003);
  for (long i = 0; i < picks; ++i) {
    const long begin = chances * i / picks;
    const long end = chances * (i + 1) / picks;
    chosen.push_back(1 + begin + offset % std::max(1L, end - begin));
  }
  return chosen;
}

class Worker {
 public:
  Worker(const std::vector<Series>& series, const std::string& only, long picks, const SharedPosition& at, int pipe)
      : series_(series), choice_(only), picks_(picks), at_(at), pipe_(pipe) {}

  void work() {
    for (; at_->series < series_.size(); ++at_->series, at_->pick = 0, at_->n = 1) {
      const Series& series = series_[at_->series];
      if (!choice_.series(series.label)) continue;
      const std::clock_t began = std::clock();
      const unsigned long held = at_->held;
      if (choice_.n() > 0) {
        if (at_->n > choice_.n()) continue;
        at_->n = choice_.n();
        attempt(series);
        at_->n = choice_.n() + 1;
      } else if (picks_ > 0) {
        few(series);
      } else {
        while (attempt(series)) ++at_->n;
      }
      std::fprintf(stderr, "%s: %lu held, %.1f seconds\n", series.label.c_str(), at_->held - held,
                   static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC);
    }
  }

 private:
  void few(const Series& series) {
    if (at_->pick >= most_chances) return;
    alarm(most_seconds);
    const Attempted counted = tried(series, 0);
    if (!counted.lost.empty()) {
      at_->n = 0;
      at_->pick = most_chances;  // nothing more of this series
      tell(series, counted.lost);
    }
    const std::vector<long> chosen = picks_of(series, counted.chances, picks_);
    for (; at_->pick < static_cast<long>(chosen.size()); ++at_->pick) {
      at_->n = chosen[static_cast<std::size_t>(at_->pick)];
      attempt(series);
    }
  }

  /// Whether the fault happened.
  bool attempt(const Series& series) {
    alarm(most_seconds);
    const auto began = std::chrono::steady_clock::now();
    const Attempted attempted = tried(series, at_->n);
    alarm(0);
    if (const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began; took > slow)
      std::fprintf(stderr, "%s took %.1f seconds\n", label_of(series, at_->n).c_str(), took.count());
    if (!attempted.lost.empty()) {
      tell(series, attempted.lost);
    } else if (attempted.happened) {
      ++at_->held;
    }
    return attempted.happened && at_->n < most_chances;
  }

  static Attempted tried(const Series& series, long n) {
    try {
      return series.attempt(n);
    } catch (const std::exception& error) {
      Attempted attempted;
      attempted.happened = n > 0;
      attempted.lost = std::string("when the call had returned, ") + error.what();
      return attempted;
    }
  }

  void tell(const Series& series, const std::string& lost) {
    const std::string message = label_of(series, at_->n) + "\n" + lost.substr(0, 3000) + '\0';
    if (::write(pipe_, message.data(), message.size()) < 0) std::_Exit(3);
    // What was lost, a descriptor say, is not to be found again by every attempt that follows.
    std::_Exit(next_worker);
  }

  const std::vector<Series>& series_;
  const Choice choice_;
  const long picks_;
  const SharedPosition& at_;
  const int pipe_;
};

// Says in the log where the process was going to end.
[[noreturn]] void tell_where() {
  stop_failing_allocations();
  const char line[] = "std::terminate was called from:\n";
  static_cast<void>(!::write(2, line, sizeof(line) - 1));
  void* frames[64];
  backtrace_symbols_fd(frames, backtrace(frames, 64), 2);
  std::abort();
}

std::string read_all(int file) {
  std::string text;
  char part[4096];
  for (ssize_t size = 0; (size = ::read(file, part, sizeof(part))) > 0;)
    text.append(part, static_cast<std::size_t>(size));
  return text;
}

}  // namespace

void try_all(const std::vector<Series>& series, const std::string& only, long picks, const std::string& command,
             Figures& figures) {
  const SharedPosition at;
  std::size_t dying = 0;
  int deaths = 0;
  const auto reproduce = [&](const std::string& label) { return command + " --only '" + label + "'"; };
  while (at->series < series.size()) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error(std::strerror(errno));
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error(std::strerror(errno));
    if (child == 0) {
      ::close(ends[0]);
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      std::set_terminate(tell_where);
      void* frame = nullptr;
      backtrace(&frame, 1);  // loads what it needs
      Worker(series, only, picks, at, ends[1]).work();
      std::_Exit(0);
    }
    ::close(ends[1]);
    const std::string messages = read_all(ends[0]);
    ::close(ends[0]);
    for (std::size_t begin = 0; begin < messages.size();) {
      const std::size_t end = std::min(messages.find('\0', begin), messages.size());
      const std::string message = messages.substr(begin, end - begin);
      const std::size_t line = message.find('\n');
      figures.lost(message, reproduce(message.substr(0, line)));
      begin = end + 1;
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    const std::string label = label_of(series[at->series], at->n);
    const bool told = WIFEXITED(status) && WEXITSTATUS(status) == next_worker;
    const int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const std::string how = signal == SIGALRM ? "did not return within " + std::to_string(most_seconds) + " seconds"
                            : signal != 0     ? "ended the process: " + std::string(strsignal(signal))
                                              : "ended the process with status " + std::to_string(WEXITSTATUS(status));
    if (!told) figures.lost(label + "\n" + how, reproduce(label));
    // The next worker begins behind this attempt.
    ++at->n;
    ++at->pick;
    if (at->series != dying) deaths = 0;
    dying = at->series;
    if (++deaths == most_deaths) {
      ++at->series;
      at->n = 1;
      at->pick = 0;
    }
  }
  figures.held(at->held);
}

}  // namespace faults
