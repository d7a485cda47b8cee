// Checks that a file is a store of ours and nothing else, once, when it is attached and before it is used.
#pragma once

#include <string>

namespace SQLite {  // NOLINT(readability-identifier-naming): SQLiteCpp names it so
class Database;
}

namespace paramstore::storage {

/// What the header of an attached file says.
struct FileIdentity {
  int application_id = 0;
  int schema_version = 0;
  bool blank = false;  // no table, no application_id: a new database
};

/// To be called in a transaction: another process may be making the store at this moment, or migrating it. So is
/// check_schema.
FileIdentity read_identity(SQLite::Database& database, const std::string& alias, const std::string& path);

/// Throws CorruptStore unless the tables, views and triggers match those of schema/ for the file's version to the
/// letter, and no foreign code would run when they are used.
void check_schema(SQLite::Database& database, const std::string& alias, const std::string& path);

}  // namespace paramstore::storage
