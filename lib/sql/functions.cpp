#include "lib/sql/functions.h"

#include "lib/sql/param_stats.h"
#include "lib/sql/param_values.h"
#include "lib/sql/regexp.h"
#include "lib/sql/sqlite_api.h"
#include "lib/sql/tensor_each.h"
#include "lib/sql/tensor_functions.h"

namespace paramstore {

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
  return sqlite3_exec(db,
                      "CREATE VIRTUAL TABLE IF NOT EXISTS temp.param_stats USING param_stats;"
                      "CREATE VIRTUAL TABLE IF NOT EXISTS temp.param_values USING param_values",
                      nullptr, nullptr, nullptr);
}

}  // namespace paramstore
