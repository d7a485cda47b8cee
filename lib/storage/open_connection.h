// How a connection to SQLite is opened: the same way for the store, its helpers, query() and the command's own SQL.
#pragma once

#include <SQLiteCpp/Database.h>

#include <chrono>
#include <memory>
#include <string>

#include "paramstore/storage/export.h"

namespace paramstore::storage {

/// Whose SQL a connection runs.
enum class SqlOf {
  /// This library's. It names nothing but tables, has checked every row that it writes, keeps a store's books and decides
  /// when to checkpoint. So views, triggers, CHECK constraints and automatic checkpoints are off: what would run could
  /// only be a stranger's, or be done twice.
  library,
  /// A person's. Views can be read, CHECK constraints hold, the log is checkpointed by SQLite, and on a connection that
  /// writes the triggers of schema/ run, as they keep a store's books. Functions that are not marked as harmless still
  /// cannot be called from a file's views and triggers.
  person,
};

struct ConnectionOptions {
  SqlOf sql = SqlOf::library;
  /// Neither the file of the URI nor one attached later can be written. Otherwise the URI decides for its own file
  /// (mode=ro), and files in memory can be written beside one that is only read.
  bool read_only = false;
  /// How long a statement waits for a lock before it fails.
  std::chrono::milliseconds busy_timeout{0};
};

/// Opens the file at `uri` (which names the VFS too: see file_uri) and hardens the connection: nothing in a file can run
/// unless SqlOf::person says so, no schema is trusted, no extension can be loaded, a text in double quotes is never taken
/// for a string, and damaged pages are noticed. Throws what throw_sqlite_error throws; `path` is the name for that.
PARAMSTORE_STORAGE_EXPORT std::unique_ptr<SQLite::Database> open_connection(const std::string& uri,
                                                                            const std::string& path,
                                                                            const ConnectionOptions& options);

/// How long a statement waits for a lock from now on.
PARAMSTORE_STORAGE_EXPORT void set_busy_timeout(SQLite::Database& database, std::chrono::milliseconds timeout);

/// Switches to WAL mode or away from it. That needs the file without anyone else for a moment, and SQLite does not always
/// wait for that by itself. Returns the mode that the file is in afterwards, in lower case: SQLite refuses some without an
/// error. `schema` is quoted.
std::string set_journal_mode(SQLite::Database& database, const std::string& schema, const char* mode,
                             const std::string& path, const char* doing, std::chrono::milliseconds timeout);

}  // namespace paramstore::storage
