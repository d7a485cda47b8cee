#include "schema_check.h"

#include <SQLiteCpp/Database.h>
#include <sqlite3.h>

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "migrations.h"
#include "paramstore/error.h"
#include "statement.h"
#include "utf8.h"

namespace paramstore::storage {
namespace {

// (type, name) -> the SQL that made it. Indexes that SQLite makes for UNIQUE have no SQL.
using Objects = std::map<std::pair<std::string, std::string>, std::string>;

Objects read_objects(sqlite3* handle, const std::string& alias, const std::string& path) {
  Objects objects;
  Statement statement(handle, "SELECT type, name, sql FROM " + quote_identifier(alias) + ".sqlite_schema", path,
                      "read the list of tables");
  while (statement.step()) {
    objects.emplace(std::pair(std::string(statement.text(0)), std::string(statement.text(1))), statement.text(2));
  }
  return objects;
}

const Objects& reference() {
  static const Objects objects = [] {
    const std::string path = "the reference schema";
    SQLite::Database database(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    bring_up_to_date(database.getHandle(), path);
    return read_objects(database.getHandle(), "main", path);
  }();
  return objects;
}

// An index over an expression or with a WHERE would evaluate what a stranger wrote whenever we write.
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

int read_pragma(sqlite3* handle, const std::string& alias, const std::string& path, const char* name) {
  Statement statement(handle, "PRAGMA " + quote_identifier(alias) + "." + name, path, "open the store");
  return statement.step() ? static_cast<int>(statement.integer(0)) : 0;
}

}  // namespace

FileIdentity read_identity(sqlite3* handle, const std::string& alias, const std::string& path) {
  // All of it at one moment: another process may be making the store just now.
  execute(handle, "BEGIN", path, "open the store");
  const std::unique_ptr<sqlite3, void (*)(sqlite3*)> snapshot(
      handle, [](sqlite3* each) { sqlite3_exec(each, "ROLLBACK", nullptr, nullptr, nullptr); });
  FileIdentity identity;
  identity.application_id = read_pragma(handle, alias, path, "application_id");
  identity.schema_version = read_pragma(handle, alias, path, "user_version");
  if (identity.application_id == 0) {
    Statement any(handle, "SELECT 1 FROM " + quote_identifier(alias) + ".sqlite_schema LIMIT 1", path,
                  "open the store");
    identity.blank = !any.step();
  }
  return identity;
}

void check_schema(sqlite3* handle, const std::string& alias, const std::string& path) {
  const Objects found = read_objects(handle, alias, path);
  std::set<std::string> tables;
  for (const auto& [key, sql] : reference()) {
    const auto& [type, name] = key;
    const auto at = found.find(key);
    if (at == found.end())
      throw CorruptStore(path + ": the " + type + " " + name + " is missing, or something else has its name");
    if (at->second != sql) throw CorruptStore(path + ": the " + type + " " + name + " is not as the schema makes it");
    if (type == "table") tables.insert(name);
  }
  for (const std::string& table : tables) check_indexes(handle, alias, path, table);
  Statement encoding(handle, "PRAGMA " + quote_identifier(alias) + ".encoding", path, "open the store");
  if (encoding.step() && encoding.text(0) != "UTF-8") {
    throw CorruptStore(path + ": its text is " + std::string(encoding.text(0)) + "; a store's is UTF-8");
  }
}

}  // namespace paramstore::storage
