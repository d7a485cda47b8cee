// An SQLite connection for a user's own SQL, with the functions of lib/sql.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/storage/first_statement.h"

namespace paramstore::cli {

class SqlConnection {
 public:
  enum class Access { read, write };

  /// Opens a store that StoreReader or StoreWriter has checked, by the URI that it was opened with; `name` is for messages.
  SqlConnection(const std::string& uri, std::string name, Access access);

  /// Loads the extension, which adds `constrained`. Throws FileError if it does not exist.
  void load_extension(const std::filesystem::path& path);

  /// The same if `sql` names `constrained` and the extension is installed. Not for all SQL: with it, `SELECT * FROM
  /// param_values` computes constrained values.
  void load_extension_for(std::string_view sql);

  /// Makes another store file visible under `name`.
  void attach(const std::string& uri, const std::string& name);

  /// Begins the one transaction of a connection that writes. Until `commit`, the user's SQL cannot begin, commit or roll
  /// back; it can make savepoints.
  void begin();

  /// Commits it. Where triggers have recorded commits in a file, the newest there gets `message`, unless it has one.
  /// Throws UsageError, and commits nothing, if a row's constraint tag was changed to an invalid one.
  void commit(const std::string& message);

  /// Undoes what has been done since `begin`.
  void roll_back();

  /// Whether a transaction is open, the user's own included.
  bool in_transaction() const noexcept;

  /// Runs one statement of a session, `work`: if it changes files, in a transaction of its own with `message`, as `begin`
  /// and `commit` do; in the user's own transaction, if one is open, only the message is added.
  template <class Work>
  void run_in_session(bool only_reads, const std::string& message, Work&& work) {
    if (only_reads) return work();
    if (in_transaction()) {
      note_revisions();
      // Not SQLite::Savepoint: if its destructor has no memory to say that it failed, the process ends.
      database_->exec("SAVEPOINT paramstore_statement");
      try {
        work();
        add_message(message);
        database_->exec("RELEASE paramstore_statement");
      } catch (...) {
        if (in_transaction()) database_->tryExec("ROLLBACK TO paramstore_statement; RELEASE paramstore_statement");
        throw;
      }
      return;
    }
    begin();
    try {
      work();
      commit(message);
    } catch (...) {
      roll_back();
      throw;
    }
  }

  /// The first statement of `sql`. Throws UsageError if it would change a file, but this connection only reads, and
  /// SQLite::Exception if it is invalid.
  storage::FirstStatement first_statement(const char* sql) const;

  bool only_reads() const noexcept { return access_ == Access::read; }

  /// The store's path, for messages.
  const std::string& name() const noexcept { return name_; }

  SQLite::Database& database() noexcept { return *database_; }

  /// Runs `work`. If SQLiteCpp throws in it, throws Interrupted if an InterruptGuard has seen a signal, StoreBusy, CorruptStore or StorageError for an error of the file, and
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
    std::string uri;
    std::int64_t revision = 0;  // before the transaction
  };

  /// Throws UsageError if this transaction gave a row an invalid constraint tag.
  void require_valid_tags(const Schema& schema) const;
  [[noreturn]] void fail(const SQLite::Exception& error) const;
  // What makes SQL valid that failed with this error: an option, or the extension; empty if none is known.
  std::string advice(const std::string& error) const;
  bool has_schema(const std::string& name) const;
  void note_revisions();
  // Gives the commits since `note_revisions` the message, once their constraint tags are found valid.
  void add_message(const std::string& message);
  void let_only_us_end_transactions(bool yes);
  std::int64_t newest_revision(const std::string& schema) const;

  std::string name_;
  Access access_;
  bool has_extension_ = false;
  std::unique_ptr<SQLite::Database> database_;
  std::vector<Schema> schemas_;
};

/// The path of the loadable extension: PARAMSTORE_EXTENSION in the environment, else the installed one, relative to this
/// program, else the one of the build.
std::filesystem::path extension_path();

}  // namespace paramstore::cli
