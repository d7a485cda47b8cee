// An SQLite connection for a person's own SQL, with the functions of lib/sql.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace paramstore::cli {

/// A statement that is finalized at the end.
struct StatementFinalizer {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using SqlStatement = std::unique_ptr<sqlite3_stmt, StatementFinalizer>;

class SqlConnection {
 public:
  enum class Access { read, write };

  /// Opens a store that has been looked at by StoreReader or StoreWriter: `location` is the URI that it was opened
  /// with, for reading, or its path, for writing; `name` is for messages. Triggers run, as they keep a store's books;
  /// nothing that is not said to be harmless may be called from a file's own views and triggers.
  SqlConnection(const std::string& location, std::string name, Access access);

  /// Loads the extension, which has `constrained`. Throws FileError where it is not there.
  void load_extension(const std::filesystem::path& path);

  /// Makes another store file visible under `name`.
  void attach(const std::string& location, const std::string& name);

  /// Begins the one transaction of a connection that writes. Until `commit`, no SQL can begin, commit or roll back; it
  /// can make savepoints.
  void begin();

  /// Commits it. Where triggers have noted commits in a file, the newest there gets `message`, if it has none.
  void commit(const std::string& message);

  sqlite3* handle() const noexcept { return handle_.get(); }

  /// Throws, where `code` is an error: StoreBusy, CorruptStore or StorageError for what is wrong with the file,
  /// UsageError for what is wrong with the SQL.
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

/// Where the loadable extension is: what PARAMSTORE_EXTENSION in the environment says, else where it is installed, as
/// seen from this program, else where it is built.
std::filesystem::path extension_path();

}  // namespace paramstore::cli
