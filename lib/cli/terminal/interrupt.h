// Turns Ctrl-C into an exception, so that work ends cleanly: nothing half written, no temporary file left.
#pragma once

#include <exception>

namespace paramstore::cli {

class Interrupted : public std::exception {
 public:
  const char* what() const noexcept override { return "interrupted"; }
};

/// While an object of this class lives, SIGINT, SIGTERM and SIGHUP do not end the process; `interrupted` reports them.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  /// Whether such a signal has arrived.
  static bool interrupted() noexcept;
  /// Throws Interrupted if one has arrived.
  static void check();
  /// Forgets a SIGINT, for a session that goes on after it. Returns false if SIGTERM or SIGHUP arrived, which end sessions.
  static bool forget_ctrl_c() noexcept;
};

}  // namespace paramstore::cli
