// Ctrl-C as an exception, where work must end cleanly: with nothing half written, no temporary file left.
#pragma once

#include <exception>

namespace paramstore::cli {

class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

/// As long as one of these lives, SIGINT, SIGTERM and SIGHUP do not end the process: `interrupted` tells of them.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// Whether such a signal has come.
  static bool interrupted() noexcept;
  /// Throws Interrupted if one has.
  static void check();
};

}  // namespace paramstore::cli
