// How far long work has come, for a person who waits.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "lib/cli/terminal/interrupt.h"
#include "paramstore/storage/database.h"

namespace paramstore::cli {

/// A line on the standard error, where that is a terminal, once the work has taken half a second; gone when it is done.
/// Nothing anywhere else. While it lives, Ctrl-C ends the work cleanly: `update` throws Interrupted.
class ProgressLine {
 public:
  explicit ProgressLine(std::string doing);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// `total` 0: not known.
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
