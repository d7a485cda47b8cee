#include "lib/storage/schema_check.h"

#include <SQLiteCpp/Database.h>
#include <sqlite3.h>

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "lib/storage/migrations.h"
#include "lib/storage/statement.h"
#include "lib/text/utf8.h"
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

constexpr const char* opening = "open the store";

struct Object {
  std::string sql;        // that made it; empty for the indexes that SQLite makes for UNIQUE
  bool has_rows = false;  // a table that is not virtual
};
using Objects = std::map<std::pair<std::string, std::string>, Object>;  // by type and name

// While this lives, all reads see one snapshot: another process may be creating or migrating the store.
class Snapshot {
 public:
  Snapshot(sqlite3* handle, const std::string& path) : handle_(handle) { execute(handle, "BEGIN", path, opening); }
  ~Snapshot() { sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  sqlite3* handle_;
};

Objects read_objects(sqlite3* handle, const std::string& alias, const std::string& path) try {
  Objects objects;
  Statement statement(handle, "SELECT type, name, sql, rootpage FROM " + quote_identifier(alias) + ".sqlite_schema",
                      path, "read the list of tables");
  while (statement.step()) {
    std::pair key(std::string(statement.text(0)), std::string(statement.text(1)));
    const bool has_rows = key.first == "table" && statement.integer(3) > 0;
    objects.emplace(std::move(key), Object{std::string(statement.text(2)), has_rows});
  }
  return objects;
} catch (const StorageError& error) {
  // The statement is correct, so the fault is in the file.
  if (error.code() != SQLITE_ERROR) throw;
  throw CorruptStore(std::string(error.what()) + "; the file is damaged, restore it from a copy");
}

Objects make_reference(int version) {
  const std::string path = "the reference schema";
  SQLite::Database database(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  bring_up_to_date(database.getHandle(), path, version);
  return read_objects(database.getHandle(), "main", path);
}

// What a file of this version must have. The newest version, which nearly all files have, is made once.
const Objects& reference(int version, Objects& room) {
  static const Objects newest = make_reference(newest_schema_version());
  if (version == newest_schema_version()) return newest;
  return room = make_reference(version);
}

// An index with an expression or a WHERE would evaluate a stranger's SQL whenever we write.
void check_indexes(sqlite3* handle, const std::string& alias, const std::string& path, const std::string& table) {
  constexpr const char* doing = "read the list of indexes";
  const std::string schema = quote_identifier(alias);
  Statement list(handle, "PRAGMA " + schema + ".index_list(" + quote_identifier(table) + ")", path, doing);
  while (list.step()) {
    const std::string index(list.text(1));
    bool plain = list.integer(4) == 0;  // partial
    Statement columns(handle, "PRAGMA " + schema + ".index_xinfo(" + quote_identifier(index) + ")", path, doing);
    while (columns.step()) plain = plain && columns.integer(1) != -2;  // an expression
    if (!plain) {
      throw CorruptStore(path + ": the index " + in_quotes(index) + " on " + table +
                         " computes something of its own; drop it to use the store");
    }
  }
}

// Checking or rebuilding a file evaluates generated columns, in any table.
void check_columns(sqlite3* handle, const std::string& alias, const std::string& path, const std::string& table) {
  constexpr int virtual_column = 2;
  constexpr int stored_column = 3;
  Statement columns(handle, "PRAGMA " + quote_identifier(alias) + ".table_xinfo(" + quote_identifier(table) + ")", path,
                    "read the list of columns");
  while (columns.step()) {
    const std::int64_t hidden = columns.integer(6);
    if (hidden == virtual_column || hidden == stored_column) {
      throw CorruptStore(path + ": the column " + in_quotes(columns.text(1)) + " of the table " + in_quotes(table) +
                         " is generated: it computes something of its own; drop it to use the store");
    }
  }
}

int read_pragma(sqlite3* handle, const std::string& alias, const std::string& path, const char* name) {
  Statement statement(handle, "PRAGMA " + quote_identifier(alias) + "." + name, path, opening);
  return statement.step() ? static_cast<int>(statement.integer(0)) : 0;
}

}  // namespace

FileIdentity read_identity(sqlite3* handle, const std::string& alias, const std::string& path) {
  const Snapshot snapshot(handle, path);
  FileIdentity identity;
  identity.application_id = read_pragma(handle, alias, path, "application_id");
  identity.schema_version = read_pragma(handle, alias, path, "user_version");
  if (identity.application_id == 0) {
    Statement any(handle, "SELECT 1 FROM " + quote_identifier(alias) + ".sqlite_schema LIMIT 1", path, opening);
    identity.blank = !any.step();
  }
  return identity;
}

void check_schema(sqlite3* handle, const std::string& alias, const std::string& path) {
  const Snapshot snapshot(handle, path);
  const Objects found = read_objects(handle, alias, path);
  Objects room;
  std::set<std::string> tables;
  for (const auto& [key, object] : reference(read_pragma(handle, alias, path, "user_version"), room)) {
    const auto& [type, name] = key;
    const auto at = found.find(key);
    if (at == found.end())
      throw CorruptStore(path + ": the " + type + " " + name + " is missing, or something else has its name");
    if (at->second.sql != object.sql)
      throw CorruptStore(path + ": the " + type + " " + name + " differs from the schema's");
    if (type == "table") tables.insert(name);
  }
  for (const auto& [key, object] : found) {
    if (object.has_rows && tables.count(key.second) == 0) check_columns(handle, alias, path, key.second);
  }
  for (const std::string& table : tables) check_indexes(handle, alias, path, table);
  Statement encoding(handle, "PRAGMA " + quote_identifier(alias) + ".encoding", path, opening);
  if (encoding.step() && encoding.text(0) != "UTF-8") {
    throw CorruptStore(path + ": its text is " + std::string(encoding.text(0)) + "; a store's is UTF-8");
  }
}

}  // namespace paramstore::storage
