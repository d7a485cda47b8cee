#include "lib/cli/sql_connection.h"

#include <cstdlib>
#include <utility>

#include "lib/cli/exit_status.h"
#include "lib/sql/functions.h"
#include "paramstore/error.h"

namespace paramstore::cli {
namespace {

namespace fs = std::filesystem;

std::string in_double_quotes(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

// Statements after a COMMIT by the user would be outside our transaction.
int leave_transaction_alone(void*, int action, const char*, const char*, const char*, const char*) {
  return action == SQLITE_TRANSACTION ? SQLITE_DENY : SQLITE_OK;
}

}  // namespace

SqlConnection::SqlConnection(const std::string& location, std::string name, Access access) : name_(std::move(name)) {
  sqlite3* opened = nullptr;
  const bool writes = access == Access::write;
  const int flags = writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
  const int code = sqlite3_open_v2(location.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(opened);
  check(code);
  sqlite3_extended_result_codes(handle(), 1);
  sqlite3_busy_timeout(handle(), 5000);
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_DQS_DML, 0, nullptr);  // "x" is a column, never a text
  check(sqlite3_exec(handle(), "PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON", nullptr, nullptr, nullptr));
  check(register_sql_functions(handle()));
  check(create_sql_views(handle()));
}

void SqlConnection::load_extension(const fs::path& path) {
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, nullptr);
  char* message = nullptr;
  // SQLite tries the name and then the name with .so, and keeps the second error.
  const fs::path name = path.extension() == ".so" ? fs::path(path).replace_extension() : path;
  const int code = sqlite3_load_extension(handle(), name.c_str(), nullptr, &message);
  const std::string why = message == nullptr ? "" : message;
  sqlite3_free(message);
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  if (code != SQLITE_OK) {
    throw FileError(path.string() + ": the extension cannot be loaded: " + why +
                    "; it is only built with LibTorch, and PARAMSTORE_EXTENSION in the environment can name its path");
  }
}

void SqlConnection::attach(const std::string& location, const std::string& name) {
  const SqlStatement statement = prepare("ATTACH ?1 AS ?2");
  sqlite3_bind_text(statement.get(), 1, location.c_str(), -1, SQLITE_TRANSIENT);
  sqlite3_bind_text(statement.get(), 2, name.c_str(), -1, SQLITE_TRANSIENT);
  finish(statement);
  schemas_.push_back({name, 0});
}

void SqlConnection::begin() {
  finish(prepare("BEGIN IMMEDIATE"));
  for (Schema& schema : schemas_) schema.revision = newest_revision(schema.name);
  sqlite3_set_authorizer(handle(), leave_transaction_alone, nullptr);
}

void SqlConnection::commit(const std::string& message) {
  sqlite3_set_authorizer(handle(), nullptr, nullptr);
  for (const Schema& schema : schemas_) {
    const std::int64_t newest = newest_revision(schema.name);
    if (newest <= schema.revision) continue;
    const SqlStatement note = prepare("UPDATE " + in_double_quotes(schema.name) +
                                      ".commits SET message = ?1 WHERE revision = ?2 AND message IS NULL");
    sqlite3_bind_text(note.get(), 1, message.c_str(), -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(note.get(), 2, newest);
    finish(note);
  }
  finish(prepare("COMMIT"));
}

SqlStatement SqlConnection::prepare(const std::string& sql) const {
  sqlite3_stmt* made = nullptr;
  check(sqlite3_prepare_v2(handle(), sql.c_str(), -1, &made, nullptr));
  return SqlStatement(made);
}

void SqlConnection::finish(const SqlStatement& statement) const {
  const int code = sqlite3_step(statement.get());
  if (code != SQLITE_DONE) check(code);
}

std::int64_t SqlConnection::newest_revision(const std::string& schema) const {
  const SqlStatement newest = prepare("SELECT max(revision) FROM " + in_double_quotes(schema) + ".commits");
  const int code = sqlite3_step(newest.get());
  if (code != SQLITE_ROW) check(code);
  return sqlite3_column_int64(newest.get(), 0);
}

void SqlConnection::check(int code) const {
  if (code == SQLITE_OK) return;
  const std::string message = handle_ ? sqlite3_errmsg(handle()) : sqlite3_errstr(code);
  const std::string file = name_ + ": ";
  const std::string words = " (SQLite: " + message + ")";
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw StoreBusy(file + "another process holds the store's write lock; try again" + words, code);
    case SQLITE_CORRUPT:
      throw CorruptStore(file + "the file is damaged; `paramstore verify` says where" + words);
    case SQLITE_READONLY:
    case SQLITE_PERM:
      throw StorageError(file + "may not be written; change the permissions of the file and of its folder" + words,
                         code);
    case SQLITE_FULL:
      throw StorageError(file + "the disk is full; free some space and try again" + words, code);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
      throw StorageError(file + "the store cannot be read or written" + words, code);
    case SQLITE_AUTH:  // leave_transaction_alone
      throw UsageError("--write runs everything in one transaction: leave out BEGIN, COMMIT and ROLLBACK");
    default:
      throw UsageError(message);
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
