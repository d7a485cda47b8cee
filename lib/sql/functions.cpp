#include "lib/sql/functions.h"

#include "lib/sql/param_stats.h"
#include "lib/sql/param_values.h"
#include "lib/sql/regexp.h"
#include "lib/sql/sqlite_api.h"
#include "lib/sql/tensor_each.h"
#include "lib/sql/tensor_functions.h"

namespace paramstore {
namespace {

/// Runs SQL that names the table twice.
int run(sqlite3* db, const char* format, const char* name) noexcept {
  char* statement = sqlite3_mprintf(format, name, name);
  if (statement == nullptr) return SQLITE_NOMEM;
  const int code = sqlite3_exec(db, statement, nullptr, nullptr, nullptr);
  sqlite3_free(statement);
  return code;
}

/// Drops what create_sql_views made earlier, which may have other columns, but no table that somebody else made.
int drop_view(sqlite3* db, const char* name) noexcept {
  sqlite3_stmt* query = nullptr;
  int code = sqlite3_prepare_v2(db,
                                "SELECT 1 FROM temp.sqlite_schema WHERE name = ?1 "
                                "AND sql = 'CREATE VIRTUAL TABLE ' || ?1 || ' USING ' || ?1",
                                -1, &query, nullptr);
  if (code == SQLITE_OK) code = sqlite3_bind_text(query, 1, name, -1, SQLITE_STATIC);
  bool is_there = false;
  if (code == SQLITE_OK) is_there = sqlite3_step(query) == SQLITE_ROW;
  const int end = sqlite3_finalize(query);  // the error of the step, if it had one
  if (code == SQLITE_OK) code = end;
  return code == SQLITE_OK && is_there ? run(db, "DROP TABLE temp.%s", name) : code;
}

}  // namespace

int register_sql_functions(sqlite3* db) noexcept {
  static constexpr sql::ParamValuesSettings stored_only{nullptr};
  int code = sql::register_tensor_functions(db);
  if (code == SQLITE_OK) code = sql::register_regexp(db);
  if (code == SQLITE_OK) code = sql::register_tensor_each(db);
  if (code == SQLITE_OK) code = sql::register_param_stats(db);
  if (code == SQLITE_OK) code = sql::register_param_values(db, stored_only);
  return code;
}

int create_sql_views(sqlite3* db) noexcept {
  for (const char* name : {"param_stats", "param_values"}) {
    int code = drop_view(db, name);
    if (code == SQLITE_OK) code = run(db, "CREATE VIRTUAL TABLE IF NOT EXISTS temp.%s USING %s", name);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

}  // namespace paramstore
