#include "lib/storage/migrations.h"

#include <sqlite3.h>

#include "lib/storage/statement.h"

namespace paramstore::storage {
namespace {

int pragma(sqlite3* handle, const char* name, const std::string& path) {
  Statement statement(handle, std::string("PRAGMA ") + name, path, "read the schema's version");
  return statement.step() ? static_cast<int>(statement.integer(0)) : 0;
}

void write_meta(sqlite3* handle, const std::string& path) {
  execute(handle,
          "INSERT INTO meta (key, value) VALUES ('store_id', lower(hex(randomblob(16)))),"
          " ('created', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), ('library_version', '" PARAMSTORE_VERSION "')",
          path, "make the store");
}

}  // namespace

int newest_schema_version() { return migrations().back().version; }

void bring_up_to_date(sqlite3* handle, const std::string& path, int wanted) {
  constexpr const char* doing = "make the store's tables";
  execute(handle, "BEGIN IMMEDIATE", path, doing);
  try {
    // Read again under the lock: another process may have been first.
    const int version = pragma(handle, "user_version", path);
    if (version < wanted) {
      for (const Migration& migration : migrations()) {
        if (migration.version > version && migration.version <= wanted) execute(handle, migration.sql, path, doing);
      }
      if (version == 0) write_meta(handle, path);
      execute(handle, "PRAGMA application_id = " + std::to_string(store_application_id), path, doing);
      execute(handle, "PRAGMA user_version = " + std::to_string(wanted), path, doing);
    }
    execute(handle, "COMMIT", path, doing);
  } catch (...) {
    if (sqlite3_get_autocommit(handle) == 0) sqlite3_exec(handle, "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

}  // namespace paramstore::storage
