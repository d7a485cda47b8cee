#include "lib/storage/schema_check.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "lib/storage/migrations.h"
#include "lib/storage/sqlite_error.h"
#include "lib/text/sql_identifier.h"
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

// Not getString, which takes the bytes as they are: in a file that is not in UTF-8, the text has to be converted.
std::string text_of(const SQLite::Column& column) {
  const char* const text = column.getText();  // first: the length is known only then
  return std::string(text, static_cast<std::size_t>(column.getBytes()));
}

Objects read_objects(SQLite::Database& database, const std::string& alias, const std::string& path) try {
  return in_our_words(database, path, "read the list of tables", [&] {
    Objects objects;
    SQLite::Statement statement(database,
                                "SELECT type, name, sql, rootpage FROM " + sql_identifier(alias) + ".sqlite_schema");
    while (statement.executeStep()) {
      std::pair key(text_of(statement.getColumn(0)), text_of(statement.getColumn(1)));
      const bool has_rows = key.first == "table" && statement.getColumn(3).getInt64() > 0;
      objects.emplace(std::move(key), Object{text_of(statement.getColumn(2)), has_rows});
    }
    return objects;
  });
} catch (const StorageError& error) {
  // The statement is correct, so the fault is in the file.
  if (error.code() != SQLITE_ERROR) throw;
  throw CorruptStore(std::string(error.what()) + "; the file is damaged, restore it from a copy");
}

Objects make_reference(int version) {
  const std::string path = "the reference schema";
  SQLite::Database database(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  bring_up_to_date(database, path, version);
  return read_objects(database, "main", path);
}

// What a file of this version must have. The newest version, which nearly all files have, is made once.
const Objects& reference(int version, Objects& room) {
  static const Objects newest = make_reference(newest_schema_version());
  if (version == newest_schema_version()) return newest;
  return room = make_reference(version);
}

// An index with an expression or a WHERE would evaluate a stranger's SQL whenever we write.
void check_indexes(SQLite::Database& database, const std::string& alias, const std::string& path,
                   const std::string& table) {
  const std::string schema = sql_identifier(alias);
  in_our_words(database, path, "read the list of indexes", [&] {
    SQLite::Statement list(database, "PRAGMA " + schema + ".index_list(" + sql_identifier(table) + ")");
    while (list.executeStep()) {
      const std::string index = text_of(list.getColumn(1));
      bool plain = list.getColumn(4).getInt() == 0;  // partial
      SQLite::Statement columns(database, "PRAGMA " + schema + ".index_xinfo(" + sql_identifier(index) + ")");
      while (columns.executeStep()) plain = plain && columns.getColumn(1).getInt() != -2;  // an expression
      if (!plain) {
        throw CorruptStore(path + ": the index " + in_quotes(index) + " on " + table +
                           " computes something of its own; drop it to use the store");
      }
    }
  });
}

// Checking or rebuilding a file evaluates generated columns, in any table.
void check_columns(SQLite::Database& database, const std::string& alias, const std::string& path,
                   const std::string& table) {
  constexpr int virtual_column = 2;
  constexpr int stored_column = 3;
  in_our_words(database, path, "read the list of columns", [&] {
    SQLite::Statement columns(database,
                              "PRAGMA " + sql_identifier(alias) + ".table_xinfo(" + sql_identifier(table) + ")");
    while (columns.executeStep()) {
      const int hidden = columns.getColumn(6).getInt();
      if (hidden == virtual_column || hidden == stored_column) {
        throw CorruptStore(path + ": the column " + in_quotes(text_of(columns.getColumn(1))) + " of the table " +
                           in_quotes(table) +
                           " is generated: it computes something of its own; drop it to use the store");
      }
    }
  });
}

int read_pragma(SQLite::Database& database, const std::string& alias, const std::string& path, const char* name) {
  return in_our_words(database, path, opening,
                      [&] { return database.execAndGet("PRAGMA " + sql_identifier(alias) + "." + name).getInt(); });
}

}  // namespace

FileIdentity read_identity(SQLite::Database& database, const std::string& alias, const std::string& path) {
  FileIdentity identity;
  identity.application_id = read_pragma(database, alias, path, "application_id");
  identity.schema_version = read_pragma(database, alias, path, "user_version");
  if (identity.application_id == 0) {
    identity.blank = in_our_words(database, path, opening, [&] {
      return !SQLite::Statement(database, "SELECT 1 FROM " + sql_identifier(alias) + ".sqlite_schema LIMIT 1")
                  .executeStep();
    });
  }
  return identity;
}

void check_schema(SQLite::Database& database, const std::string& alias, const std::string& path) {
  const Objects found = read_objects(database, alias, path);
  Objects room;
  std::set<std::string> tables;
  for (const auto& [key, object] : reference(read_pragma(database, alias, path, "user_version"), room)) {
    const auto& [type, name] = key;
    const auto at = found.find(key);
    if (at == found.end())
      throw CorruptStore(path + ": the " + type + " " + name + " is missing, or something else has its name");
    if (at->second.sql != object.sql)
      throw CorruptStore(path + ": the " + type + " " + name + " differs from the schema's");
    if (type == "table") tables.insert(name);
  }
  for (const auto& [key, object] : found) {
    if (object.has_rows && tables.count(key.second) == 0) check_columns(database, alias, path, key.second);
  }
  for (const std::string& table : tables) check_indexes(database, alias, path, table);
  const std::string encoding = in_our_words(database, path, opening, [&] {
    return text_of(database.execAndGet("PRAGMA " + sql_identifier(alias) + ".encoding"));
  });
  if (encoding != "UTF-8") throw CorruptStore(path + ": its text is " + encoding + "; a store's is UTF-8");
}

}  // namespace paramstore::storage
