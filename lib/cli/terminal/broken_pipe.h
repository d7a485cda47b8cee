// `paramstore ls x | head -1`: nobody reads the output any more.
#pragma once

namespace paramstore::cli {

/// As long as it lives, SIGPIPE does not end the process: a write to a pipe without a reader fails, the verb ends as after any
/// failure, and what must be cleaned up is. Unless SIGPIPE is ignored, as whoever started us wanted then.
class BrokenPipeGuard {
 public:
  BrokenPipeGuard();
  /// Ends the process by SIGPIPE if one came, as it would have ended without the guard.
  ~BrokenPipeGuard();
  BrokenPipeGuard(const BrokenPipeGuard&) = delete;
  BrokenPipeGuard& operator=(const BrokenPipeGuard&) = delete;

  /// Whether one came.
  static bool broken() noexcept;
};

}  // namespace paramstore::cli
