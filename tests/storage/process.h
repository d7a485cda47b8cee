// Runs part of a test in its own process.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace paramstore::storage::testing {

/// A forked process that runs `action` and ends. Its memory is a copy: use no Database made before.
class ChildProcess {
 public:
  explicit ChildProcess(const std::function<std::string()>& action);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  /// Waits for its end. What `action` returned, or "exception: ..." with the message of what it threw, or "died".
  std::string wait();

 private:
  pid_t pid_;
  int output_;
};

/// Runs `action` as a user for whom permissions count: as `nobody` if this is root. Returns what
/// ChildProcess::wait does.
std::string as_ordinary_user(const std::function<std::string()>& action);

}  // namespace paramstore::storage::testing
