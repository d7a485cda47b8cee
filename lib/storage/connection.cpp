#include "lib/storage/connection.h"

#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "lib/storage/migrations.h"
#include "lib/storage/schema_check.h"
#include "lib/storage/sqlite_error.h"
#include "lib/storage/value_run.h"
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

constexpr const char* opening = "open the store";

// Chosen by measuring durable rewrites of many small, 100 large and a few very large rows.
constexpr int page_size = 65536;               // faster than 4 KiB pages for small and large values
constexpr int journal_size_limit = 512 << 20;  // a -wal in steady use keeps its size: extending a file is slow
constexpr int cache_kibibytes = 128 << 10;     // large values leave the cache only once
constexpr std::int64_t memory_size_limit = std::int64_t{1} << 46;

void configure(sqlite3* handle, const std::string& path) {
  const auto set = [&](int option, int value) {
    check_sqlite(handle, sqlite3_db_config(handle, option, value, nullptr), path, opening);
  };
  sqlite3_extended_result_codes(handle, 1);
  set(SQLITE_DBCONFIG_DEFENSIVE, 1);
  set(SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
  set(SQLITE_DBCONFIG_ENABLE_TRIGGER, 0);
  set(SQLITE_DBCONFIG_ENABLE_VIEW, 0);
  set(SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0);
  set(SQLITE_DBCONFIG_ENABLE_FKEY, 0);
  set(SQLITE_DBCONFIG_DQS_DML, 0);
  set(SQLITE_DBCONFIG_DQS_DDL, 0);
  sqlite3_limit(handle, SQLITE_LIMIT_SQL_LENGTH, 1'000'000);
  execute(handle,
          // Checkpoints are made by WriteTransaction; what a CHECK says, check_record has said already, in a
          // tenth of the time.
          "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA ignore_check_constraints = ON;"
          "PRAGMA wal_autocheckpoint = 0",
          path, opening);
  register_value_run(handle, path);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sqlite3_strnicmp(a.data(), b.data(), static_cast<int>(a.size())) == 0;
}

void raise_memory_limit(sqlite3* handle, const std::string& alias) {
  sqlite3_int64 limit = memory_size_limit;
  sqlite3_file_control(handle, alias.c_str(), SQLITE_FCNTL_SIZE_LIMIT, &limit);
}

int in_milliseconds(std::chrono::milliseconds timeout) {
  return static_cast<int>(std::min<std::chrono::milliseconds::rep>(timeout.count(), 1'000'000'000));
}

// While it lives, the connection waits at least `least_opening_timeout`.
class Opening {
 public:
  Opening(sqlite3* handle, std::chrono::milliseconds busy_timeout) : handle_(handle), busy_timeout_(busy_timeout) {
    sqlite3_busy_timeout(handle_, in_milliseconds(std::max(busy_timeout, least_opening_timeout)));
  }
  ~Opening() { sqlite3_busy_timeout(handle_, in_milliseconds(busy_timeout_)); }
  Opening(const Opening&) = delete;
  Opening& operator=(const Opening&) = delete;

 private:
  sqlite3* handle_;
  std::chrono::milliseconds busy_timeout_;
};

// On a connection of its own, where the file is `main`, as the scripts expect.
void make_or_migrate(const std::string& uri, const std::string& path, std::chrono::milliseconds timeout,
                     bool in_memory) {
  const auto database = open_handle(uri, path, timeout);
  execute(database->getHandle(), "PRAGMA page_size = " + std::to_string(page_size), path, opening);
  bring_up_to_date(database->getHandle(), path);
  if (!in_memory) set_journal_mode(database->getHandle(), "main", "WAL", path, opening, timeout);
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

std::unique_ptr<SQLite::Database> open_handle(const std::string& uri, const std::string& path,
                                              std::chrono::milliseconds busy_timeout) {
  try {
    // What the URI says (mode=ro) narrows these flags for this file, not for those attached later: files in memory stay
    // writable beside a store opened read-only.
    auto database = std::make_unique<SQLite::Database>(
        uri, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_URI | SQLite::OPEN_NOMUTEX,
        in_milliseconds(busy_timeout));
    configure(database->getHandle(), path);
    return database;
  } catch (const SQLite::Exception& error) {
    throw_sqlite_error(nullptr, error.getExtendedErrorCode(), path, opening);
  }
}

std::string set_journal_mode(sqlite3* handle, const std::string& schema, const char* mode, const std::string& path,
                             const char* doing, std::chrono::milliseconds timeout) {
  const std::string pragma = "PRAGMA " + schema + ".journal_mode = " + mode;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    std::string reached;
    const auto take = [](void* text, int, char** columns, char**) {
      if (columns[0] != nullptr) *static_cast<std::string*>(text) = columns[0];
      return 0;
    };
    const int code = sqlite3_exec(handle, pragma.c_str(), take, &reached, nullptr);
    if (!is_busy(code) || std::chrono::steady_clock::now() >= deadline) {
      check_sqlite(handle, code, path, doing);
      return reached;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

Connection::Connection(const std::filesystem::path& path, const OpenOptions& options) : options_(options) {
  inspect_path(path, options_);
  const std::filesystem::path resolved = resolve(path);
  const OpenMode mode = options_.read_only ? prepare_to_read(resolved, path.string())
                        : options_.create  ? OpenMode::create
                                           : OpenMode::read_write;
  const std::string uri = file_uri(resolved, mode, options_.vfs);
  database_ = open_handle(uri, path.string(), options_.busy_timeout);
  const Opening patient(handle(), options_.busy_timeout);
  sqlite3_wal_hook(handle(), note_wal_size, this);
  main_ = make_file(path.string(), "main", uri, resolved);
  main_->impl_->immutable = mode == OpenMode::immutable;
  main_->impl_->attached = true;
  admit(*main_);
}

Connection::Connection(const OpenOptions& options) : options_(options) {
  if (options_.read_only) throw Error("a store in memory cannot be read-only: it would stay empty");
  const std::string uri = new_memory_uri();
  database_ = open_handle(uri, ":memory:", options_.busy_timeout);
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

bool Connection::in_transaction() const noexcept { return sqlite3_get_autocommit(handle()) == 0; }

int Connection::note_wal_size(void* connection, sqlite3*, const char*, int pages) {
  static_cast<Connection*>(connection)->wal_pages_ = pages;
  return SQLITE_OK;
}

void Connection::checkpoint(StoreFile& file) noexcept {
  constexpr int least = 512;  // 32 MiB: less slows down rewriting many small values
  constexpr int most = 8000;  // 500 MiB: less slows down rewriting large values
  if (wal_pages_ <= least) return;
  // A -wal several times as large as its file is only slow to open.
  std::int64_t pages = 0;
  try {
    const StatementUse count(file.impl_->statements[Query::page_count]);
    if (count->step()) pages = count->integer(0);
  } catch (const Error&) {
    return;  // the next commit tries again
  }
  if (wal_pages_ <= std::clamp<std::int64_t>(4 * pages, least, most)) return;
  // The commit is done even if this fails: what cannot be written back now stays in the -wal.
  sqlite3_wal_checkpoint_v2(handle(), file.impl_->alias.c_str(), SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

void Connection::begin() { execute(handle(), "BEGIN", main_->path(), "begin a transaction"); }

void Connection::commit() { execute(handle(), "COMMIT", main_->path(), "commit"); }

void Connection::roll_back() noexcept {
  // After some errors SQLite has already rolled back.
  if (in_transaction()) sqlite3_exec(handle(), "ROLLBACK", nullptr, nullptr, nullptr);
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
  execute(handle(), "DETACH " + quote_identifier(alias), main_->path(), "detach a scope");
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
  const OpenMode mode = prepare_to_read(impl.resolved, impl.path);
  const std::string uri = file_uri(impl.resolved, mode, options_.vfs);
  auto database = open_handle(uri, impl.path, options_.busy_timeout);
  for (StoreFile* file : files_) {
    file->impl_->attached = false;
    file->impl_->statements.move_to(database->getHandle());
  }
  abandoned_.clear();
  database_ = std::move(database);
  const Opening patient(handle(), options_.busy_timeout);
  sqlite3_wal_hook(handle(), note_wal_size, this);
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
    const auto database = open_handle(file_uri(resolved, OpenMode::read_write, options_.vfs), path,
                                      std::max(options_.busy_timeout, least_opening_timeout));
    execute(database->getHandle(), "SELECT 1 FROM sqlite_schema LIMIT 1", path, opening);
  }
  return mode;
}

void Connection::attach(StoreFile& file) {
  StoreFile::Impl& impl = *file.impl_;
  if (impl.read_only) {  // checked each time: others may have begun to write it
    const OpenMode mode = prepare_to_read(impl.resolved, impl.path);
    impl.uri = file_uri(impl.resolved, mode, options_.vfs);
    impl.immutable = mode == OpenMode::immutable;
  }
  const Opening patient(handle(), options_.busy_timeout);
  Statement(handle(), "ATTACH ?1 AS " + quote_identifier(impl.alias), impl.path, opening).bind(1, impl.uri).step();
  try {
    admit(file);
  } catch (...) {
    sqlite3_exec(handle(), ("DETACH " + quote_identifier(impl.alias)).c_str(), nullptr, nullptr, nullptr);
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

  FileIdentity identity = read_identity(handle(), impl.alias, impl.path);
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
    if (!identity.blank) check_schema(handle(), impl.alias, impl.path);
    make_or_migrate(impl.uri, impl.path, options_.busy_timeout, impl.in_memory());
  }
  check_schema(handle(), impl.alias, impl.path);
  configure_file(file);
}

void Connection::configure_file(StoreFile& file) {
  const StoreFile::Impl& impl = *file.impl_;
  const std::string schema = quote_identifier(impl.alias);
  const auto set = [&](const std::string& pragma) {
    execute(handle(), "PRAGMA " + schema + "." + pragma, impl.path, opening);
  };
  set("secure_delete = OFF");
  set("cache_size = -" + std::to_string(cache_kibibytes));
  if (impl.in_memory()) return;
  if (impl.read_only) return;
  const std::string mode = set_journal_mode(handle(), schema, "WAL", impl.path, opening, options_.busy_timeout);
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
