// Brings a file to the newest schema.
#pragma once

#include <string>
#include <vector>

namespace SQLite {  // NOLINT(readability-identifier-naming): SQLiteCpp names it so
class Database;
}

namespace paramstore::storage {

/// PRAGMA application_id of every store: "PRMS".
constexpr int store_application_id = 0x50524d53;

struct Migration {
  int version;      // PRAGMA user_version after it
  const char* sql;  // the text of schema/NNNN-*.sql
};

/// All of them, oldest first: made from schema/ when the library is built.
const std::vector<Migration>& migrations();

/// The schema this library reads and writes.
int newest_schema_version();

/// Migrates the main schema of `database` to version `wanted` if it has an older one, in one transaction. A blank
/// database becomes a new store. Another process may do the same at the same time.
void bring_up_to_date(SQLite::Database& database, const std::string& path, int wanted = newest_schema_version());

}  // namespace paramstore::storage
