// A store's file is never replaced by renaming another over it: a program that had opened the old file but not yet read
// from it would hold no lock, and would later find the new file's -wal by name and take it for the old file's. So the
// file stays and gets its new contents in one transaction, protected by SQLite's own locks and journal.
#include "lib/storage/replace_contents.h"

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/Column.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "lib/storage/location.h"
#include "lib/storage/migrations.h"
#include "lib/storage/open_connection.h"
#include "lib/storage/schema_check.h"
#include "lib/storage/sqlite_error.h"
#include "lib/storage/sync.h"
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

namespace fs = std::filesystem;

constexpr const char* replacing = "replace the store";
constexpr int pages_a_step = 64;

// A connection with exclusive use of the file, outside WAL mode: in WAL mode the page size could not change, and
// readers would not block.
std::unique_ptr<SQLite::Database> lock_alone(const fs::path& target, const InternalOptions& options) {
  const std::string path = target.string();
  auto database = open_connection(file_uri(target, OpenMode::create, options.vfs), path, {});
  // EXTRA: after a power loss the deleted journal must not reappear, as it would restore the old contents.
  execute(*database,
          "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = EXTRA; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; "
          "COMMIT",
          path, replacing);
  const FileIdentity identity = read_identity(*database, "main", path);
  if (!identity.blank && identity.application_id != store_application_id)
    throw NotAStore(path + ": exists and is not a store; it is not replaced");
  // The lock stays until the next transaction ends, which then removes its journal.
  execute(*database, "PRAGMA locking_mode = NORMAL", path, replacing);
  return database;
}

std::unique_ptr<SQLite::Database> wait_for_lock(const fs::path& target, const InternalOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    try {
      // A new connection each time: one that waits would keep others waiting.
      return lock_alone(target, options);
    } catch (const StoreBusy& error) {
      if (std::chrono::steady_clock::now() - begin >= options.busy_timeout) {
        throw StoreBusy(
            target.string() +
                ": is open in another process (or elsewhere in this one), and so cannot be replaced; close it "
                "there, or save under another name",
            error.code());
      }
    } catch (const CorruptStore&) {
      throw CorruptStore(target.string() +
                         ": is too damaged to be replaced; delete it first, together with the files of the same name "
                         "that end in -wal, -shm and -journal");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

std::string store_id(SQLite::Database& database, const std::string& path) {
  return in_our_words(database, path, replacing,
                      [&] { return database.execAndGet("SELECT value FROM meta WHERE key = 'store_id'").getString(); });
}

// Whether the target is the copy with this id. Reading it first undoes the write if that did not reach its end.
bool is_replaced(const fs::path& target, const std::string& id, const InternalOptions& options) {
  ConnectionOptions waiting;
  waiting.busy_timeout = options.busy_timeout;
  try {
    const std::string path = target.string();
    const auto database = open_connection(file_uri(target, OpenMode::read_write, options.vfs), path, waiting);
    return store_id(*database, path) == id;
  } catch (const Error&) {
    return false;  // the disk fails reading too, or the target is still without tables
  }
}

// The target is locked already and the source in WAL mode, so only one lock changes meanwhile: the target's, given
// back when the copy has been committed.
bool is_of_giving_back_the_lock(const StorageError& error) {
  return error.code() == SQLITE_IOERR_RDLOCK || error.code() == SQLITE_IOERR_UNLOCK;
}

void copy_pages(SQLite::Database& into, SQLite::Database& from, const Progress& progress) {
  SQLite::Backup backup(into, from);  // undoes an incomplete copy
  auto next = std::chrono::steady_clock::now();
  int code = SQLITE_OK;
  while ((code = backup.executeStep(pages_a_step)) == SQLITE_OK) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next) continue;
    next = now + std::chrono::milliseconds(100);
    const int pages = backup.getTotalPageCount();
    progress(static_cast<std::uint64_t>(pages - backup.getRemainingPageCount()), static_cast<std::uint64_t>(pages));
  }
  // BUSY or LOCKED, which SQLiteCpp returns instead of throwing.
  if (code != SQLITE_DONE) throw SQLite::Exception(sqlite3_errstr(code), code);
}

}  // namespace

void replace_contents(const fs::path& target, const fs::path& source, const InternalOptions& options,
                      const Progress& progress) {
  ConnectionOptions waiting;
  waiting.busy_timeout = options.busy_timeout;
  const auto from = open_connection(file_uri(source, OpenMode::read_write, options.vfs), source.string(), waiting);
  const std::string id = store_id(*from, source.string());
  auto into = wait_for_lock(target, options);
  try {
    in_our_words(*into, target.string(), replacing, [&] { copy_pages(*into, *from, progress); });
  } catch (const StorageError& error) {
    // The copy is there once SQLite has removed its journal; what follows that can still fail.
    into.reset();
    if (!is_complete(error) && !is_of_giving_back_the_lock(error) && !is_replaced(target, id, options)) throw;
    throw StorageError(target.string() + copy_is_complete + ", but a power loss may undo this: " + error.what(),
                       SQLITE_IOERR_DIR_FSYNC);
  }
}

}  // namespace paramstore::storage
