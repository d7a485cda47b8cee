#include "lib/cli/sql_connection.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdlib>
#include <utility>

#include "lib/cli/exit_status.h"
#include "lib/sql/functions.h"
#include "lib/storage/open_connection.h"
#include "lib/storage/sqlite_error.h"
#include "lib/text/sql_identifier.h"

namespace paramstore::cli {
namespace {

namespace fs = std::filesystem;

// Statements after a COMMIT by the user would be outside our transaction.
int leave_transaction_alone(void*, int action, const char*, const char*, const char*, const char*) {
  return action == SQLITE_TRANSACTION ? SQLITE_DENY : SQLITE_OK;
}

std::unique_ptr<SQLite::Database> open(const std::string& uri, const std::string& name, SqlConnection::Access access) {
  storage::ConnectionOptions options;
  options.sql = storage::SqlOf::person;
  options.read_only = access == SqlConnection::Access::read;
  options.busy_timeout = std::chrono::seconds(5);
  return storage::open_connection(uri, name, options);
}

}  // namespace

SqlConnection::SqlConnection(const std::string& uri, std::string name, Access access)
    : name_(std::move(name)), database_(open(uri, name_, access)) {
  in_our_words([&] {
    database_->check(register_sql_functions(database_->getHandle()));
    database_->check(create_sql_views(database_->getHandle()));
  });
}

void SqlConnection::load_extension(const fs::path& path) {
  sqlite3_db_config(database_->getHandle(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, nullptr);
  // SQLiteCpp would leave loading allowed, and keeps SQLite's message to itself.
  char* message = nullptr;
  // SQLite tries the name and then the name with .so, and keeps the second error.
  const fs::path name = path.extension() == ".so" ? fs::path(path).replace_extension() : path;
  const int code = sqlite3_load_extension(database_->getHandle(), name.c_str(), nullptr, &message);
  const std::string why = message == nullptr ? "" : message;
  sqlite3_free(message);
  sqlite3_db_config(database_->getHandle(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  if (code != SQLITE_OK) {
    throw FileError(path.string() + ": the extension cannot be loaded: " + why +
                    "; it is only built with LibTorch, and PARAMSTORE_EXTENSION in the environment can name its path");
  }
}

void SqlConnection::attach(const std::string& uri, const std::string& name) {
  in_our_words([&] {
    SQLite::Statement attach(*database_, "ATTACH ?1 AS " + sql_identifier(name));
    attach.bind(1, uri);
    attach.exec();
  });
  schemas_.push_back({name, 0});
}

void SqlConnection::begin() {
  // Not SQLite::Transaction, which could not commit with the authorizer in its way; closing rolls back.
  in_our_words([&] {
    database_->exec("BEGIN IMMEDIATE");
    for (Schema& schema : schemas_) schema.revision = newest_revision(schema.name);
    database_->check(sqlite3_set_authorizer(database_->getHandle(), leave_transaction_alone, nullptr));
  });
}

void SqlConnection::commit(const std::string& message) {
  in_our_words([&] {
    database_->check(sqlite3_set_authorizer(database_->getHandle(), nullptr, nullptr));
    for (const Schema& schema : schemas_) {
      const std::int64_t newest = newest_revision(schema.name);
      if (newest <= schema.revision) continue;
      SQLite::Statement note(*database_, "UPDATE " + sql_identifier(schema.name) +
                                             ".commits SET message = ?1 WHERE revision = ?2 AND message IS NULL");
      note.bind(1, message);
      note.bind(2, newest);
      note.exec();
    }
    database_->exec("COMMIT");
  });
}

std::int64_t SqlConnection::newest_revision(const std::string& schema) const {
  return database_->execAndGet("SELECT max(revision) FROM " + sql_identifier(schema) + ".commits").getInt64();
}

void SqlConnection::fail(const SQLite::Exception& error) const {
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
      storage::throw_sqlite_error(error, name_, "run the SQL");
    case SQLITE_AUTH:  // leave_transaction_alone
      throw UsageError("--write makes one transaction of everything: leave out BEGIN, COMMIT and ROLLBACK");
    default:
      throw UsageError(error.what());
  }
}

fs::path extension_path() {
  if (const char* said = std::getenv("PARAMSTORE_EXTENSION"); said != nullptr && *said != '\0') return said;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  fs::path installed = (program.parent_path() / PARAMSTORE_EXTENSION_FROM_BIN).lexically_normal();
  if (!error && fs::exists(installed, error)) return installed;
  const fs::path built = program.parent_path() / "../extension/paramstore.so";
  return fs::exists(built, error) ? built.lexically_normal() : installed;
}

}  // namespace paramstore::cli
