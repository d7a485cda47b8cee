// An SQLite connection for a user's own SQL, with the functions of lib/sql.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace paramstore::cli {

class SqlConnection {
 public:
  enum class Access { read, write };

  /// Opens a store that StoreReader or StoreWriter has checked, by the URI that it was opened with; `name` is for messages.
  SqlConnection(const std::string& uri, std::string name, Access access);

  /// Loads the extension, which adds `constrained`. Throws FileError if it does not exist.
  void load_extension(const std::filesystem::path& path);

  /// Makes another store file visible under `name`.
  void attach(const std::string& uri, const std::string& name);

  /// Begins the one transaction of a connection that writes. Until `commit`, the user's SQL cannot begin, commit or roll
  /// back; it can make savepoints.
  void begin();

  /// Commits it. Where triggers have recorded commits in a file, the newest there gets `message`, unless it has one.
  void commit(const std::string& message);

  SQLite::Database& database() noexcept { return *database_; }

  /// Runs `work`. If SQLiteCpp throws in it, throws StoreBusy, CorruptStore or StorageError for an error of the file, and
  /// UsageError for an error of the SQL.
  template <class Work>
  void in_our_words(Work&& work) const {
    try {
      work();
    } catch (const SQLite::Exception& error) {
      fail(error);
    }
  }

 private:
  struct Schema {
    std::string name;
    std::int64_t revision;  // before the transaction
  };

  [[noreturn]] void fail(const SQLite::Exception& error) const;
  std::int64_t newest_revision(const std::string& schema) const;

  std::string name_;
  std::unique_ptr<SQLite::Database> database_;
  std::vector<Schema> schemas_{{"main", 0}};
};

/// The path of the loadable extension: PARAMSTORE_EXTENSION in the environment, else the installed one, relative to this
/// program, else the one of the build.
std::filesystem::path extension_path();

}  // namespace paramstore::cli
