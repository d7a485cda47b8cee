#include "lib/cli/sql_connection.h"

#include <cstdlib>

#include "lib/cli/exit_status.h"
#include "lib/sql/functions.h"
#include "paramstore/error.h"

namespace paramstore::cli {
namespace {

namespace fs = std::filesystem;

}  // namespace

SqlConnection::SqlConnection(const std::string& location, Access access) {
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
                    "; it is built with LibTorch only, and PARAMSTORE_EXTENSION in the environment says where it is");
  }
}

void SqlConnection::attach(const std::string& location, const std::string& name) {
  sqlite3_stmt* made = nullptr;
  check(sqlite3_prepare_v2(handle(), "ATTACH ?1 AS ?2", -1, &made, nullptr));
  const SqlStatement statement(made);
  sqlite3_bind_text(made, 1, location.c_str(), -1, SQLITE_TRANSIENT);
  sqlite3_bind_text(made, 2, name.c_str(), -1, SQLITE_TRANSIENT);
  const int code = sqlite3_step(made);
  if (code != SQLITE_DONE) check(code);
}

void SqlConnection::check(int code) const {
  if (code == SQLITE_OK) return;
  const std::string message = handle_ ? sqlite3_errmsg(handle()) : sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw StoreBusy("another process holds the store's write lock; try again (SQLite: " + message + ")", code);
    case SQLITE_CORRUPT:
      throw CorruptStore("the file is damaged; `paramstore verify` says where (SQLite: " + message + ")");
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
      throw StorageError("the store cannot be read or written (SQLite: " + message + ")", code);
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
  const fs::path built = program.parent_path() / "../sql/paramstore.so";
  return fs::exists(built, error) ? built.lexically_normal() : installed;
}

}  // namespace paramstore::cli
