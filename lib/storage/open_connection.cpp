#include "lib/storage/open_connection.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <algorithm>
#include <thread>

#include "lib/storage/sqlite_error.h"

namespace paramstore::storage {
namespace {

constexpr int longest_own_sql = 1'000'000;

// SQLiteCpp has no call for settings of a connection.
void harden(sqlite3* handle, const ConnectionOptions& options) {
  const bool person = options.sql == SqlOf::person;
  const auto set = [handle](int option, bool on) {
    const int code = sqlite3_db_config(handle, option, on ? 1 : 0, nullptr);
    if (code != SQLITE_OK) throw SQLite::Exception(handle, code);
  };
  set(SQLITE_DBCONFIG_DEFENSIVE, true);
  set(SQLITE_DBCONFIG_TRUSTED_SCHEMA, false);
  set(SQLITE_DBCONFIG_ENABLE_TRIGGER, person && !options.read_only);
  set(SQLITE_DBCONFIG_ENABLE_VIEW, person);
  set(SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, false);
  set(SQLITE_DBCONFIG_ENABLE_FKEY, false);
  set(SQLITE_DBCONFIG_DQS_DML, false);
  set(SQLITE_DBCONFIG_DQS_DDL, false);
  if (!person) sqlite3_limit(handle, SQLITE_LIMIT_SQL_LENGTH, longest_own_sql);
}

}  // namespace

std::unique_ptr<SQLite::Database> open_connection(const std::string& uri, const std::string& path,
                                                  const ConnectionOptions& options) {
  return in_our_words(nullptr, path, "open the store", [&] {
    const int access = options.read_only ? SQLite::OPEN_READONLY : SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
    auto database = std::make_unique<SQLite::Database>(uri, access | SQLite::OPEN_URI | SQLite::OPEN_NOMUTEX);
    sqlite3_extended_result_codes(database->getHandle(), 1);
    set_busy_timeout(*database, options.busy_timeout);
    harden(database->getHandle(), options);
    database->exec("PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY");
    if (options.sql == SqlOf::library)
      database->exec("PRAGMA ignore_check_constraints = ON; PRAGMA wal_autocheckpoint = 0");
    return database;
  });
}

void set_busy_timeout(SQLite::Database& database, std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds::rep longest = 1'000'000'000;
  database.setBusyTimeout(static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(timeout.count(), 0, longest)));
}

std::string set_journal_mode(SQLite::Database& database, const std::string& schema, const char* mode,
                             const std::string& path, const char* doing, std::chrono::milliseconds timeout) {
  const std::string pragma = "PRAGMA " + schema + ".journal_mode = " + mode;
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  return in_our_words(database, path, doing, [&] {
    for (;;) {
      try {
        return database.execAndGet(pragma).getString();
      } catch (const SQLite::Exception& error) {
        if (!is_busy(error.getErrorCode()) || std::chrono::steady_clock::now() >= deadline) throw;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  });
}

}  // namespace paramstore::storage
