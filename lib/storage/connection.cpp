#include "lib/storage/connection.h"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>

#include "lib/storage/migrations.h"
#include "lib/storage/open_connection.h"
#include "lib/storage/schema_check.h"
#include "lib/storage/sqlite_error.h"
#include "lib/storage/value_run.h"
#include "lib/text/sql_identifier.h"
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

constexpr const char* opening = "open the store";

// Chosen by measuring durable rewrites of many small, 100 large and a few very large rows, and file_page_size with them.
constexpr int journal_size_limit = 512 << 20;  // a -wal in steady use keeps its size: extending a file is slow
constexpr int cache_kibibytes = 128 << 10;     // large values leave the cache only once
constexpr int memory_page_size = 4096;  // a change copies the whole page: with 64 KiB most of its time is copying
constexpr std::int64_t memory_size_limit = std::int64_t{1} << 46;

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sqlite3_strnicmp(a.data(), b.data(), static_cast<int>(a.size())) == 0;
}

void raise_memory_limit(sqlite3* handle, const std::string& alias) {
  sqlite3_int64 limit = memory_size_limit;
  sqlite3_file_control(handle, alias.c_str(), SQLITE_FCNTL_SIZE_LIMIT, &limit);
}

// While it lives, the connection waits at least `least_opening_timeout`.
class Opening {
 public:
  Opening(SQLite::Database& database, std::chrono::milliseconds busy_timeout)
      : database_(database), busy_timeout_(busy_timeout) {
    set_busy_timeout(database_, std::max(busy_timeout, least_opening_timeout));
  }
  ~Opening() { set_busy_timeout(database_, busy_timeout_); }
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;

 private:
  SQLite::Database& database_;
  std::chrono::milliseconds busy_timeout_;
};

ConnectionOptions waiting(std::chrono::milliseconds busy_timeout) {
  ConnectionOptions options;
  options.busy_timeout = busy_timeout;
  return options;
}

void run(SQLite::Statement& statement) {
  try {
    statement.exec();
  } catch (...) {
    statement.tryReset();  // returns the error that has just been thrown
    throw;
  }
  statement.reset();
}

// On a connection of its own, where the file is `main`, as the scripts expect.
void make_or_migrate(const std::string& uri, const std::string& path, std::chrono::milliseconds timeout,
                     bool in_memory) {
  const auto database = open_connection(uri, path, waiting(timeout));
  execute(*database, "PRAGMA page_size = " + std::to_string(in_memory ? memory_page_size : file_page_size), path,
          opening);
  bring_up_to_date(*database, path);
  if (!in_memory) set_journal_mode(*database, "main", "WAL", path, opening, timeout);
}

}  // namespace

StoreFile::Impl::Impl(Connection& owner, std::string path_text, std::string alias_text, std::string uri_text,
                      std::filesystem::path resolved_path)
    : connection(&owner),
      path(std::move(path_text)),
      alias(std::move(alias_text)),
      uri(std::move(uri_text)),
      resolved(std::move(resolved_path)),
      statements(owner.handle(), alias, path) {}

void StoreFile::Impl::refuse_outdated() const {
  if (outdated())
    throw StoreBusy(path + ": was changed by another program while it was read; read again", SQLITE_BUSY_SNAPSHOT);
}

Connection::TransactionControl::TransactionControl(SQLite::Database& database)
    : begin(database, "BEGIN"), commit(database, "COMMIT"), roll_back(database, "ROLLBACK") {}

Connection::Connection(const std::filesystem::path& path, const InternalOptions& options)
    : options_(options), traces_(options.vfs) {
  inspect_path(path, options_);
  const std::filesystem::path resolved = resolve(path);
  const OpenMode mode = options_.read_only ? prepare_to_read(resolved, path.string())
                        : options_.create  ? OpenMode::create
                                           : OpenMode::read_write;
  const std::string uri = file_uri(resolved, mode, options_.vfs);
  if (mode == OpenMode::read_only) traces_.add(resolved);
  database_ = open_connection(uri, path.string(), waiting(options_.busy_timeout));
  prepare_connection(path.string());
  const Opening patient(database(), options_.busy_timeout);
  main_ = make_file(path.string(), "main", uri, resolved);
  main_->impl_->immutable = mode == OpenMode::immutable;
  main_->impl_->attached = true;
  admit(*main_);
}

Connection::Connection(const InternalOptions& options) : options_(options), traces_(options.vfs) {
  if (options_.read_only) throw Error("a store in memory cannot be read-only: it would stay empty");
  const std::string uri = new_memory_uri();
  database_ = open_connection(uri, ":memory:", waiting(options_.busy_timeout));
  prepare_connection(":memory:");
  main_ = make_file(":memory:", "main", uri, {});
  main_->impl_->attached = true;
  admit(*main_);
}

Connection::~Connection() {
  roll_back();
  // Statements must go before the handle does, and scopes may outlive us.
  for (StoreFile* file : files_) {
    file->impl_->statements.clear();
    file->impl_->connection = nullptr;
  }
}

// What the connection needs beside what all have.
void Connection::prepare_connection(const std::string& path) {
  in_our_words(database(), path, opening, [&] { transaction_.emplace(database()); });
  register_value_run(handle(), path);
  sqlite3_wal_hook(handle(), note_wal_size, this);  // SQLiteCpp has no hooks
}

bool Connection::in_transaction() const noexcept { return sqlite3_get_autocommit(handle()) == 0; }

int Connection::note_wal_size(void* connection, sqlite3*, const char*, int pages) {
  static_cast<Connection*>(connection)->wal_pages_ = pages;
  return SQLITE_OK;
}

void Connection::checkpoint(StoreFile& file) noexcept {
  constexpr std::int64_t least = 32 << 20;  // less slows down rewriting many small values
  constexpr std::int64_t most = 500 << 20;  // less slows down rewriting large values
  constexpr int largest_page = 65536;
  if (wal_pages_ <= least / largest_page) return;
  // A -wal several times as large as its file is only slow to open.
  std::int64_t page = 0;
  std::int64_t pages = 0;
  try {
    const StatementUse size(file.impl_->statements[StatementId::page_size]);
    const StatementUse count(file.impl_->statements[StatementId::page_count]);
    if (size->step()) page = size->integer(0);
    if (wal_pages_ * page <= least) return;
    if (count->step()) pages = count->integer(0);
  } catch (const Error&) {
    return;  // the next commit tries again
  }
  if (wal_pages_ * page <= std::clamp(4 * pages * page, least, most)) return;
  // The commit is done even if this fails: what cannot be written back now stays in the -wal.
  sqlite3_wal_checkpoint_v2(handle(), file.impl_->alias.c_str(), SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

void Connection::begin() {
  finish_rollback();
  in_our_words(database(), main_->path(), "begin a transaction", [&] { run(transaction_->begin); });
}

void Connection::commit() {
  in_our_words(database(), main_->path(), "commit", [&] { run(transaction_->commit); });
}

void Connection::roll_back() noexcept {
  // After some errors SQLite has already rolled back.
  if (in_transaction()) {
    transaction_->roll_back.tryExecuteStep();
    transaction_->roll_back.tryReset();
  }
  rollback_failed_ = in_transaction();
}

void Connection::finish_rollback() {
  if (!rollback_failed_) return;
  in_our_words(database(), main_->path(), "roll back a transaction that failed", [&] {
    if (in_transaction()) run(transaction_->roll_back);
  });
  rollback_failed_ = false;
}

std::unique_ptr<StoreFile> Connection::make_file(std::string path, std::string alias, std::string uri,
                                                 std::filesystem::path resolved) {
  std::unique_ptr<StoreFile> file(new StoreFile(std::make_unique<StoreFile::Impl>(
      *this, std::move(path), std::move(alias), std::move(uri), std::move(resolved))));
  file->impl_->read_only = options_.read_only && !file->impl_->in_memory();
  files_.push_back(file.get());
  return file;
}

void Connection::forget(StoreFile& file) noexcept {
  files_.erase(std::remove(files_.begin(), files_.end(), &file), files_.end());
  file.impl_->statements.clear();
  // A transaction may still be using it, so the detaching waits.
  if (file.impl_->attached && file.impl_->alias != "main") abandoned_.push_back(file.impl_->alias);
}

std::string Connection::free_alias(std::string_view name) const {
  const auto taken = [&](const std::string& alias) {
    for (const char* reserved : {"main", "temp", "vacuum_db"}) {
      if (equal_ignoring_case(alias, reserved)) return true;
    }
    const auto same = [&](std::string_view other) { return equal_ignoring_case(alias, other); };
    return std::any_of(files_.begin(), files_.end(), [&](const StoreFile* file) { return same(file->impl_->alias); }) ||
           std::any_of(abandoned_.begin(), abandoned_.end(), same);
  };
  std::string alias(name);
  for (int number = 2; taken(alias); ++number) alias = std::string(name) + "~" + std::to_string(number);
  return alias;
}

void Connection::detach(const std::string& alias) {
  execute(database(), "DETACH " + sql_identifier(alias), main_->path(), "detach a scope");
  // DETACH expires every prepared statement, and ROLLBACK is to need no memory.
  in_our_words(database(), main_->path(), "detach a scope", [&] { transaction_ = TransactionControl(database()); });
}

void Connection::make_room() {
  while (!abandoned_.empty()) {
    detach(abandoned_.back());
    abandoned_.pop_back();
  }
  const auto limit = static_cast<std::size_t>(std::max(sqlite3_limit(handle(), SQLITE_LIMIT_ATTACHED, -1), 1));
  for (;;) {
    std::size_t attached = 0;
    StoreFile* oldest = nullptr;
    for (StoreFile* file : files_) {
      if (file == main_.get() || !file->impl_->attached) continue;
      ++attached;
      if (oldest == nullptr || file->impl_->last_use < oldest->impl_->last_use) oldest = file;
    }
    if (attached < limit) return;
    oldest->impl_->statements.clear();
    detach(oldest->impl_->alias);
    oldest->impl_->attached = false;
  }
}

void Connection::use(StoreFile& file) {
  finish_rollback();
  StoreFile::Impl& impl = *file.impl_;
  impl.last_use = ++clock_;
  const bool outdated = impl.outdated();
  if (impl.attached && !outdated) return;
  if (in_transaction()) {
    impl.refuse_outdated();
    throw Error(impl.path +
                ": is not attached, and nothing can be attached while a transaction is open; use the scope before "
                "the transaction begins");
  }
  if (&file == main_.get()) {
    reopen_main();
    return;
  }
  if (outdated) {
    impl.statements.clear();
    detach(impl.alias);
    impl.attached = false;
  }
  make_room();
  attach(file);
}

// A connection cannot detach its main file, so a new one replaces it; scopes are attached to it when they are used.
void Connection::reopen_main() {
  StoreFile::Impl& impl = *main_->impl_;
  require_regular_files_beside(impl.resolved, impl.path);
  const OpenMode mode = prepare_to_read(impl.resolved, impl.path);
  const std::string uri = file_uri(impl.resolved, mode, options_.vfs);
  if (mode == OpenMode::read_only) traces_.add(impl.resolved);
  auto database = open_connection(uri, impl.path, waiting(options_.busy_timeout));
  for (StoreFile* file : files_) {
    file->impl_->attached = false;
    file->impl_->statements.move_to(database->getHandle());
  }
  abandoned_.clear();
  transaction_.reset();
  database_ = std::move(database);
  prepare_connection(impl.path);
  const Opening patient(*database_, options_.busy_timeout);
  impl.uri = uri;
  impl.immutable = mode == OpenMode::immutable;
  admit(*main_);
  impl.attached = true;
  ++impl.generation;
}

// An interrupted write, such as a save over this store, must be undone before anybody can read. A read-only connection
// cannot do that; a writable one does it by itself when it first reads.
OpenMode Connection::prepare_to_read(const std::filesystem::path& resolved, const std::string& path) const {
  const OpenMode mode = reading_mode(resolved, path, options_.vfs);
  if (mode == OpenMode::read_only && has_journal(resolved) && may_be_written(resolved)) {
    const auto database = open_connection(file_uri(resolved, OpenMode::read_write, options_.vfs), path,
                                          waiting(std::max(options_.busy_timeout, least_opening_timeout)));
    execute(*database, "SELECT 1 FROM sqlite_schema LIMIT 1", path, opening);
  }
  return mode;
}

void Connection::attach(StoreFile& file) {
  StoreFile::Impl& impl = *file.impl_;
  if (!impl.in_memory()) require_regular_files_beside(impl.resolved, impl.path);
  if (impl.read_only) {  // checked each time: others may have begun to write it
    const OpenMode mode = prepare_to_read(impl.resolved, impl.path);
    impl.uri = file_uri(impl.resolved, mode, options_.vfs);
    impl.immutable = mode == OpenMode::immutable;
    if (mode == OpenMode::read_only) traces_.add(impl.resolved);
  }
  const Opening patient(database(), options_.busy_timeout);
  in_our_words(database(), impl.path, opening, [&] {
    SQLite::Statement attach(database(), "ATTACH ?1 AS " + sql_identifier(impl.alias));
    attach.bind(1, impl.uri);
    attach.exec();
  });
  try {
    admit(file);
  } catch (...) {
    if (rollback_failed_) roll_back();
    // If this fails too, it is made up for before the next ATTACH.
    if (database().tryExec("DETACH " + sql_identifier(impl.alias)) != SQLITE_OK) abandoned_.push_back(impl.alias);
    throw;
  }
  // The file exists now: if it is missing later, somebody has dropped it, and it is not made again.
  if (!impl.in_memory() && !impl.read_only) impl.uri = file_uri(impl.resolved, OpenMode::read_write, options_.vfs);
  impl.attached = true;
  ++impl.generation;
}

void Connection::check_version(int version, const std::string& path) {
  const int newest = newest_schema_version();
  if (version <= newest) return;
  throw SchemaTooNew(path + ": was written by a newer paramstore: its schema has version " + std::to_string(version) +
                         ", this library knows versions up to " + std::to_string(newest) + "; update the library",
                     version, newest);
}

// All that `read` reads is one snapshot: another process may be creating or migrating the store.
template <class Read>
auto Connection::one_moment(Read&& read) {
  class Snapshot {
   public:
    explicit Snapshot(Connection& connection) : connection_(connection) { connection_.begin(); }
    ~Snapshot() { connection_.roll_back(); }
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;

   private:
    Connection& connection_;
  };
  const Snapshot snapshot(*this);
  return read();
}

// Checks a file that has just been opened: creates or migrates the store if needed, and refuses a file that is not a
// store.
void Connection::admit(StoreFile& file) {
  StoreFile::Impl& impl = *file.impl_;
  if (impl.immutable) {
    impl.stamp = stamp_of(impl.resolved);  // first, so that later writes are noticed
    if (impl.stamp.has_journal) {
      throw StorageError(impl.path + ": cannot open the store: an unfinished write must be undone from " +
                             beside(impl.resolved, "-journal").string() +
                             ", which needs write access to its folder; open it once for writing",
                         SQLITE_READONLY_ROLLBACK);
    }
  }
  if (impl.in_memory()) raise_memory_limit(handle(), impl.alias);

  const FileIdentity identity = one_moment([&] { return read_identity(database(), impl.alias, impl.path); });
  if (!identity.blank && identity.application_id != store_application_id) {
    throw NotAStore(impl.path + ": is an SQLite database, but not a paramstore file: its application_id is " +
                    std::to_string(identity.application_id) + ", a store's is " + std::to_string(store_application_id));
  }
  check_version(identity.schema_version, impl.path);
  if (!identity.blank && identity.schema_version < 1) {
    throw CorruptStore(impl.path + ": is marked as a store, but its schema has no version");
  }
  if (identity.blank && impl.read_only) {
    throw NotAStore(impl.path + ": is an SQLite database without a table; opened once for writing, it becomes a store");
  }
  // Older versions are read as they are.
  if (identity.schema_version < newest_schema_version() && !impl.read_only) {
    if (!identity.blank) one_moment([&] { check_schema(database(), impl.alias, impl.path); });
    make_or_migrate(impl.uri, impl.path, options_.busy_timeout, impl.in_memory());
  }
  one_moment([&] { check_schema(database(), impl.alias, impl.path); });
  configure_file(file);
}

void Connection::configure_file(StoreFile& file) {
  const StoreFile::Impl& impl = *file.impl_;
  const std::string schema = sql_identifier(impl.alias);
  const auto set = [&](const std::string& pragma) {
    execute(database(), "PRAGMA " + schema + "." + pragma, impl.path, opening);
  };
  set("secure_delete = OFF");
  set("cache_size = -" + std::to_string(cache_kibibytes));
  if (impl.in_memory()) return;
  if (impl.read_only) return;
  const std::string mode = set_journal_mode(database(), schema, "WAL", impl.path, opening, options_.busy_timeout);
  if (mode != "wal") {
    throw StorageError(impl.path +
                           ": cannot open the store: expected a file system with shared memory, as SQLite's "
                           "write-ahead log needs it, found one on which the journal mode stays '" +
                           mode + "'; put the store on a local disk, or open it read-only",
                       SQLITE_CANTOPEN);
  }
  set(options_.survive_power_loss ? "synchronous = FULL" : "synchronous = NORMAL");
  set("journal_size_limit = " + std::to_string(journal_size_limit));
}

}  // namespace paramstore::storage
