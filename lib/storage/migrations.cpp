#include "lib/storage/migrations.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Transaction.h>

#include "lib/storage/sqlite_error.h"

namespace paramstore::storage {
namespace {

constexpr const char* write_meta =
    "INSERT INTO meta (key, value) VALUES ('store_id', lower(hex(randomblob(16)))),"
    " ('created', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), ('library_version', '" PARAMSTORE_VERSION "')";

}  // namespace

int newest_schema_version() { return migrations().back().version; }

void bring_up_to_date(SQLite::Database& database, const std::string& path, int wanted) {
  in_our_words(database, path, "make the store's tables", [&] {
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
    // Read again under the lock: another process may have been first.
    const int version = database.execAndGet("PRAGMA user_version").getInt();
    if (version < wanted) {
      for (const Migration& migration : migrations()) {
        if (migration.version > version && migration.version <= wanted) database.exec(migration.sql);
      }
      if (version == 0) database.exec(write_meta);
      database.exec("PRAGMA application_id = " + std::to_string(store_application_id));
      database.exec("PRAGMA user_version = " + std::to_string(wanted));
    }
    transaction.commit();
  });
}

}  // namespace paramstore::storage
