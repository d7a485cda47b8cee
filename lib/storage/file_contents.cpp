// A store is never replaced under its name by another file: a program that had opened the old one, and had not yet read
// from it, would hold no lock, and later take the new file's -wal, which it finds by its name, for the old file's. So
// the file stays, and gets its new contents in one transaction, in which SQLite's own locks and journal do the rest.
#include "lib/storage/file_contents.h"

#include <SQLiteCpp/Backup.h>
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
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

namespace fs = std::filesystem;

constexpr const char* replacing = "replace the store";
constexpr int pages_a_step = 64;

// A connection that has the file to itself, and out of WAL mode: in it page sizes could not change, and readers would
// not stand in the way.
std::unique_ptr<SQLite::Database> lock_alone(const fs::path& target, const OpenOptions& options) {
  const std::string path = target.string();
  auto database = open_connection(file_uri(target, OpenMode::create, options.vfs), path, {});
  // EXTRA: the journal that is deleted last must not come back with the power, or the old contents would with it.
  execute(*database,
          "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = EXTRA; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; "
          "COMMIT",
          path, replacing);
  const FileIdentity identity = read_identity(*database, "main", path);
  if (!identity.blank && identity.application_id != store_application_id)
    throw NotAStore(path + ": exists and is not a store; it is not replaced");
  // Now that it is locked, it stays so until the next transaction ends; that one then removes its journal.
  execute(*database, "PRAGMA locking_mode = NORMAL", path, replacing);
  return database;
}

std::unique_ptr<SQLite::Database> wait_for_lock(const fs::path& target, const OpenOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    try {
      // Anew each time: a connection that waits would itself keep others waiting.
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
                         ": is so damaged that it cannot be replaced; delete it first, and with it the files beside it "
                         "whose names go on with -wal, -shm and -journal");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace

void replace_contents(const fs::path& target, const fs::path& source, const OpenOptions& options,
                      const Progress& progress) {
  ConnectionOptions waiting;
  waiting.busy_timeout = options.busy_timeout;
  const auto from = open_connection(file_uri(source, OpenMode::read_write, options.vfs), source.string(), waiting);
  const auto into = wait_for_lock(target, options);
  in_our_words(target.string(), replacing, [&] {
    SQLite::Backup backup(*into, *from);  // undoes what is not complete
    auto next = std::chrono::steady_clock::now();
    int code = SQLITE_OK;
    while ((code = backup.executeStep(pages_a_step)) == SQLITE_OK) {
      const auto now = std::chrono::steady_clock::now();
      if (now < next) continue;
      next = now + std::chrono::milliseconds(100);
      const int pages = backup.getTotalPageCount();
      progress(static_cast<std::uint64_t>(pages - backup.getRemainingPageCount()), static_cast<std::uint64_t>(pages));
    }
    // SQLiteCpp returns these two instead of throwing, and finishes without a look at the result, which is the last step's.
    if (code != SQLITE_DONE) throw SQLite::Exception(sqlite3_errstr(code), code);
  });
}

}  // namespace paramstore::storage
