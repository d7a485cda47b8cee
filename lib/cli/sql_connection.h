// An SQLite connection for a person's own SQL, with the functions of lib/sql.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace paramstore::cli {

/// A statement that finalizes itself.
struct StatementFinalizer {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using SqlStatement = std::unique_ptr<sqlite3_stmt, StatementFinalizer>;

class SqlConnection {
 public:
  enum class Access { read, write };

  /// Opens a store that StoreReader or StoreWriter has checked. `location` is the URI it was opened with, for reading, or
  /// its path, for writing; `name` is for messages. Triggers run, because they maintain the store's revisions, but a file's
  /// own views and triggers can call only functions that are declared innocuous.
  SqlConnection(const std::string& location, std::string name, Access access);

  /// Loads the extension, which adds `constrained`. Throws FileError if it does not exist.
  void load_extension(const std::filesystem::path& path);

  /// Makes another store file visible under `name`.
  void attach(const std::string& location, const std::string& name);

  /// Begins the only transaction of a connection that writes. Until `commit`, the user's SQL cannot begin, commit or roll
  /// back, but it can use savepoints.
  void begin();

  /// Commits it. If triggers have recorded commits in a file, the newest gets `message`, unless it has one.
  void commit(const std::string& message);

  sqlite3* handle() const noexcept { return handle_.get(); }

  /// Throws if `code` is an error: StoreBusy, CorruptStore or StorageError if the fault is in the file, UsageError if it
  /// is in the SQL.
  void check(int code) const;

 private:
  struct Closer {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  struct Schema {
    std::string name;
    std::int64_t revision;  // before the transaction
  };

  SqlStatement prepare(const std::string& sql) const;
  void finish(const SqlStatement& statement) const;
  std::int64_t newest_revision(const std::string& schema) const;

  std::unique_ptr<sqlite3, Closer> handle_;
  std::string name_;
  std::vector<Schema> schemas_{{"main", 0}};
};

/// The path of the loadable extension: PARAMSTORE_EXTENSION in the environment if set, else where it is installed relative
/// to this program, else where it is built.
std::filesystem::path extension_path();

}  // namespace paramstore::cli
