// What holds of a store after a fork: only the process that opened it uses it.
//
// SQLite's connections do not survive a fork. The child has a copy of what they believe to hold, locks above all, and none
// of the locks themselves, while file, -wal and -shm are shared with the parent. A child that commits, rolls back or merely
// closes such a connection can undo what the parent is writing, or delete the -wal under it. So in the child each call
// throws, and what was opened before the fork is left as it is, on purpose, until the process ends.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <string>

#include "paramstore/storage/export.h"

struct sqlite3;

namespace paramstore::storage {

/// The process in which it was made.
class PARAMSTORE_STORAGE_EXPORT OpeningProcess {
 public:
  OpeningProcess();

  /// Whether that is this process. One load from memory.
  bool is_this() const noexcept { return forks.load(std::memory_order_relaxed) == forks_; }

  /// Throws Error if it is not. `path` is that of the store.
  void require(const std::string& path) const {
    if (!is_this()) refuse(path);
  }

 private:
  [[noreturn]] void refuse(const std::string& path) const;

  static std::atomic<std::uint32_t> forks;  // goes up in the child
  std::uint32_t forks_;
  pid_t process_;
};

/// What a child never destroys. It stays reachable, so that a checker of leaks does not report it.
class PARAMSTORE_STORAGE_EXPORT LeftToParent {
 public:
  void leave() noexcept;

 private:
  LeftToParent* next_left_ = nullptr;
};

/// Notes an open connection until it is closed.
void note_connection(sqlite3* handle);

/// Makes SQLite forget, in a child, the locks that connections of the parent hold. Otherwise it would take them for this
/// process's own, and a connection that the child opens to the same file would go without. Changes no file, and nothing
/// that the parent sees.
void forget_inherited_locks();

}  // namespace paramstore::storage
