// The SQLite connection of a Database: how it is set up, and which files are attached to it.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/storage/file_statements.h"
#include "lib/storage/fork.h"
#include "lib/storage/location.h"
#include "lib/storage/moved_file.h"
#include "lib/storage/reader_traces.h"
#include "lib/storage/store_internals.h"
#include "lib/storage/value_io.h"

namespace paramstore::storage {

/// The page size of new files on disk. With 32 KiB an empty store is half as large and a small `set` a third faster, but
/// committing and loading 100 values of 1 MiB takes 4 to 20 % longer.
constexpr int file_page_size = 65536;

struct StoreFile::Impl : LeftToParent {
  Impl(Connection& owner, std::string path, std::string alias, std::string uri, std::filesystem::path resolved);

  StoreFile* file = nullptr;  // that this is the inside of
  Connection* connection;     // null after the Database is destroyed
  const OpeningProcess opened_in;
  const std::string path;  // for messages
  std::string alias;       // its schema name in SQL
  std::string uri;
  const std::filesystem::path resolved;  // empty for a file in memory
  bool read_only = false;
  bool immutable = false;    // because nothing can be written beside it
  FileStamp stamp;           // of an immutable file, when it was opened
  bool attached = false;     // and admitted: ready for use
  bool holds_alias = false;  // SQLite has it attached, admitted or not
  LogBeside log;
  std::uint32_t generation = 0;  // how often it was reopened
  std::uint64_t last_use = 0;
  std::unique_ptr<SQLite::Database> keeper;  // of a file in memory: keeps it while it is not attached
  FileStatements statements;

  /// Prepares the file for use, and its statements: Connection::use.
  FileStatements& ready();
  bool in_memory() const noexcept { return resolved.empty(); }
  /// Whether the file is read without locks and somebody has written to it since.
  bool outdated() const { return attached && immutable && (stamp.has_log || !(stamp_of(resolved) == stamp)); }
  /// Throws StoreBusy if the data read may mix two commits.
  void refuse_outdated() const;
  /// Throws StorageError if the file was deleted, moved or replaced since it was opened: a change would be lost with it.
  void refuse_moved() const;
};

class Connection : public LeftToParent {
 public:
  /// The store at `path`.
  Connection(const std::filesystem::path& path, const InternalOptions& options);
  /// A store in memory.
  explicit Connection(const InternalOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  SQLite::Database& database() const noexcept { return *database_; }
  sqlite3* handle() const noexcept { return database_->getHandle(); }
  const InternalOptions& options() const noexcept { return options_; }
  StoreFile& main() noexcept { return *main_; }
  bool in_transaction() const noexcept;
  /// Whether this process opened it. In another one nothing may be done with it, not even closing it: see fork.h.
  bool is_ours() const noexcept { return opened_in_.is_this(); }
  /// Throws Error in another process.
  void require_ours() const {
    if (!is_ours()) opened_in_.require(main_->path());
  }

  /// Prepares the file for use: attaches it if it is not attached, reopens it if it is read without locks and somebody
  /// has written to it, and marks it as just used. Throws Error if that needs a DETACH or ATTACH inside a transaction,
  /// which SQLite cannot do, and in any other process than the one that opened the connection.
  void use(StoreFile& file);
  /// Called when the file's handle is destroyed.
  void forget(StoreFile& file) noexcept;
  /// Keeps one of SQLite's slots for attached files free for VACUUM.
  void make_room();

  /// Throws SchemaTooNew if the file's schema is newer than this library.
  static void check_version(int version, const std::string& path);

  /// After a commit: writes the -wal back into the file once it is large enough for this to pay.
  void checkpoint(StoreFile& file) noexcept;

  void begin();
  void commit();
  /// Ends the transaction, if SQLite has not done so after an error, and undoes what it changed. If even that fails (it
  /// needs no memory as a rule), the next `use` or `begin` tries again.
  void roll_back() noexcept;

  // A part of a transaction, which can be undone alone.
  void begin_part();
  void end_part();
  /// False if it failed: then the transaction has what the part changed, or SQLite has rolled back all of it.
  bool undo_part() noexcept;

  std::shared_ptr<StoreFile> scope(std::string_view name);
  std::shared_ptr<StoreFile> anonymous_scope();
  std::vector<std::string> scope_names();
  bool drop_scope(std::string_view name);

 private:
  std::unique_ptr<StoreFile> make_file(std::string path, std::string alias, std::string uri,
                                       std::filesystem::path resolved);
  std::shared_ptr<StoreFile> memory_file(std::string path, std::string_view alias);
  std::string free_alias(std::string_view name) const;
  OpenMode prepare_to_read(const std::filesystem::path& resolved, const std::string& path) const;
  void attach(StoreFile& file);
  void prepare_connection(const std::string& path);
  void reopen_main();
  void finish_rollback();
  void detach(const std::string& alias);
  void detach(StoreFile& file);
  template <class Read>
  auto one_moment(Read&& read);
  void admit(StoreFile& file);
  void configure_file(StoreFile& file);
  void record_scope(std::string_view name, const std::filesystem::path& file);
  bool forget_scope(std::string_view name);

  static int note_wal_size(void* connection, sqlite3* handle, const char* schema, int pages);

  // Prepared before a transaction begins. SQLite::Transaction would prepare ROLLBACK at the moment when something has
  // failed, perhaps for want of memory, and keep its failure to itself.
  struct TransactionControl {
    explicit TransactionControl(SQLite::Database& database);
    SQLite::Statement begin;
    SQLite::Statement commit;
    SQLite::Statement roll_back;
    SQLite::Statement begin_part;
    SQLite::Statement end_part;
    SQLite::Statement undo_part;
  };
  /// A file to be detached at the next chance.
  struct Abandoned {
    std::string alias;
    LogBeside log;
  };

  const OpeningProcess opened_in_;
  InternalOptions options_;
  ReaderTraces traces_;  // outlives the connection
  std::unique_ptr<SQLite::Database> database_;
  std::optional<TransactionControl> transaction_;  // none after a DETACH, until `begin`
  bool rollback_failed_ = false;                   // a transaction that is over for its owner is still open in SQLite
  std::vector<StoreFile*> files_;     // all of them, with main_; each removes itself, so declared before them
  std::vector<Abandoned> abandoned_;  // has room for all of files_
  std::unique_ptr<StoreFile> main_;
  std::map<std::string, std::weak_ptr<StoreFile>, std::less<>> scopes_;
  std::map<std::string, std::shared_ptr<StoreFile>, std::less<>> memory_scopes_;  // live as long as the store in memory
  std::uint64_t clock_ = 0;
  int wal_pages_ = 0;  // of the last file committed
};

/// What the functions of store_internals.h are made of.
struct Internals {
  static StoreFile::Impl& impl(const StoreFile& file) noexcept { return *file.impl_; }
  static Database database(std::unique_ptr<Connection> connection) { return Database(std::move(connection)); }
  static bool overwrite(WriteTransaction& transaction, const ValueUpdate& update, Pages pages);
  static void write_run(WriteTransaction& transaction, ValueUpdate* first, std::size_t count);
  static void update_values(WriteTransaction& transaction, std::vector<ValueUpdate>& updates);
};

}  // namespace paramstore::storage
