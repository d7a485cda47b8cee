#include "lib/storage/first_statement.h"

#include <sqlite3.h>

namespace paramstore::storage {

FirstStatement first_statement(const SQLite::Database& database, const char* sql) {
  FirstStatement first;
  sqlite3_stmt* statement = nullptr;
  database.check(sqlite3_prepare_v2(database.getHandle(), sql, -1, &statement, &first.end));  // null after an error
  first.exists = statement != nullptr;
  first.only_reads = !first.exists || sqlite3_stmt_readonly(statement) != 0;
  sqlite3_finalize(statement);
  return first;
}

}  // namespace paramstore::storage
