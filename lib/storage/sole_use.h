// A scope's file that nobody else has open, about to be removed.
#pragma once

#include <SQLiteCpp/Database.h>

#include <filesystem>
#include <memory>

#include "paramstore/storage/database.h"

namespace paramstore::storage {

/// While it lives, the store at `path` has no -wal, and whoever opens it waits. Who did so all the same, and goes on
/// once the file is gone, cannot write it: SQLite sees that it was moved when it turns WAL mode on again.
class SoleUse {
 public:
  /// Throws StoreBusy where another process, or another connection of this one, still has it open after the busy
  /// timeout.
  SoleUse(const std::filesystem::path& path, const OpenOptions& options);

 private:
  std::unique_ptr<SQLite::Database> database_;  // closing it rolls back, and so lets go
};

}  // namespace paramstore::storage
