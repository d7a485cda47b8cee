// The loadable extension: SQL about tensors in any program that uses SQLite, and constrained values.
//
//   sqlite> .load /usr/lib/paramstore/paramstore
//   sqlite> SELECT load_extension('/usr/lib/paramstore/paramstore');   -- where the shell's own REGEXP stays
//   Python: connection.enable_load_extension(True); connection.load_extension("/usr/lib/paramstore/paramstore")
//
// It needs no LibTorch. The first constrained value loads the part that does (transforms_part.h).
#include <sqlite3ext.h>

#include "lib/extension/constrained.h"
#include "lib/extension/transforms_part.h"
#include "lib/sql/functions.h"
#include "lib/sql/param_values.h"

SQLITE_EXTENSION_INIT1

namespace {

constexpr int oldest_sqlite = 3037000;  // STRICT tables, without which no store can be read

int add_everything(sqlite3* db) noexcept {
  static constexpr paramstore::sql::ParamValuesSettings with_constrained{paramstore::sql::constrain};
  int code = paramstore::register_sql_functions(db);
  if (code == SQLITE_OK) code = paramstore::sql::register_constrained(db);
  if (code == SQLITE_OK) code = paramstore::sql::register_param_values(db, with_constrained);
  if (code != SQLITE_OK) return code;
  code = paramstore::create_sql_views(db);
  // On a connection that may not even make temporary tables the views are there all the same, just not listed.
  return code == SQLITE_READONLY || code == SQLITE_AUTH ? SQLITE_OK : code;
}

int initialize(sqlite3* db, char** error, const sqlite3_api_routines* api) noexcept {
  SQLITE_EXTENSION_INIT2(api)
  if (sqlite3_libversion_number() < oldest_sqlite) {
    *error = sqlite3_mprintf("paramstore needs SQLite 3.37 or newer, but this program has %s", sqlite3_libversion());
    return SQLITE_ERROR;
  }
  if (const int code = add_everything(db); code != SQLITE_OK) {
    *error = code == SQLITE_BUSY
                 ? sqlite3_mprintf(
                       "paramstore: there are functions of its names already, and SQLite replaces none while a "
                       "statement such as this SELECT runs; the shell's .load does")
                 : sqlite3_mprintf("paramstore: %s", sqlite3_errmsg(db));
    return code;
  }
  return SQLITE_OK_LOAD_PERMANENTLY;  // LibTorch, once loaded, has threads, so nothing here can be unloaded
}

}  // namespace

// SQLite looks for a name made of the file's, then for this common one.
extern "C" __attribute__((visibility("default"))) int sqlite3_paramstore_init(sqlite3* db, char** error,
                                                                              const sqlite3_api_routines* api) {
  return initialize(db, error, api);
}

extern "C" __attribute__((visibility("default"))) int sqlite3_extension_init(sqlite3* db, char** error,
                                                                             const sqlite3_api_routines* api) {
  return initialize(db, error, api);
}
