// Progress of long work, for a waiting person.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "lib/cli/terminal/interrupt.h"
#include "paramstore/storage/database.h"

namespace paramstore::cli {

/// A line on the standard error, if that is a terminal, from half a second into the work until its end; otherwise nothing.
/// While it lives, Ctrl-C ends the work cleanly: `update` throws Interrupted.
class ProgressLine {
 public:
  explicit ProgressLine(std::string doing);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// A `total` of 0 means that it is not known.
  void update(std::uint64_t done, std::uint64_t total);

  /// For the storage layer's long calls.
  storage::Progress callback();

 private:
  using Clock = std::chrono::steady_clock;
  InterruptGuard interrupts_;
  std::string doing_;
  Clock::time_point started_ = Clock::now();
  Clock::time_point next_;
  bool shown_ = false;
};

}  // namespace paramstore::cli
