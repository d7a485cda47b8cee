// Exclusive use of a scope's file that is about to be removed.
#pragma once

#include <SQLiteCpp/Database.h>

#include <filesystem>
#include <memory>

#include "lib/storage/store_internals.h"

namespace paramstore::storage {

/// While it lives, the store at `path` has no -wal, and anybody who opens it waits. A connection opened all the same
/// cannot write once the file is gone: SQLite notices the missing file when it turns WAL mode on again.
class SoleUse {
 public:
  /// Throws StoreBusy if another process, or another connection of this one, still has it open after the busy timeout.
  SoleUse(const std::filesystem::path& path, const InternalOptions& options);

 private:
  std::unique_ptr<SQLite::Database> database_;  // closing it rolls back, which releases the lock
};

}  // namespace paramstore::storage
