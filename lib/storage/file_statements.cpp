#include "lib/storage/file_statements.h"

#include "lib/text/sql_identifier.h"

namespace paramstore::storage {
namespace {

struct StatementText {
  const char* doing;
  const char* sql;  // '@' stands for the schema, '%' for small_value
};

// record.cpp reads these columns by their position.
#define RECORD_COLUMNS "id, name, constraint_tag, dtype, shape, device, revision, checksum, length(value)"

// In the order of the enumeration.
constexpr StatementText texts[] = {
    // In two steps, so that the name comes from the row, not from the index, which may be damaged.
    {"read a parameter",
     "SELECT " RECORD_COLUMNS " FROM @.params WHERE id = (SELECT id FROM @.params WHERE name = ?1)"},
    {"read a parameter", "SELECT " RECORD_COLUMNS " FROM @.params WHERE id = ?1"},
    {"list the parameters", "SELECT " RECORD_COLUMNS " FROM @.params ORDER BY id"},
    {"read the parameters",
     "SELECT " RECORD_COLUMNS ", CASE WHEN length(value) <= % THEN value END FROM @.params WHERE id BETWEEN ?1 AND ?2 "
     "ORDER BY id"},
    {"list the parameters", "SELECT id, revision FROM @.params ORDER BY id"},
    {"read a value",
     "SELECT revision, checksum, length(value), CASE WHEN length(value) <= % THEN value END FROM @.params WHERE id = "
     "?1"},
    {"read a value",
     "SELECT id, sequence, CASE typeof(value) WHEN 'blob' THEN length(value) ELSE -1 END FROM @.chunks "
     "WHERE param = ?1 ORDER BY sequence"},
    {"read the revision", "SELECT max(revision) FROM @.commits"},
    {"list the parameters", "SELECT max(id) FROM @.params"},
    {"list the parameters", "SELECT (SELECT min(id) FROM @.params), (SELECT max(id) FROM @.params)"},
    // The limit, derived from the file's size, stops the scan of a damaged tree whose pages form a cycle.
    {"count the parameters", "SELECT count(*) FROM (SELECT id FROM @.params LIMIT ?1)"},
    {"look for changes", "PRAGMA @.data_version"},
    {"read the schema's version", "PRAGMA @.user_version"},
    {"read the file's size", "PRAGMA @.page_count"},
    {"read the file's size", "PRAGMA @.page_size"},
    {"begin a commit", "INSERT INTO @.commits (step, message) VALUES (?1, ?2)"},
    {"annotate a commit",
     "UPDATE @.commits SET step = coalesce(?1, step), message = coalesce(?2, message) WHERE revision = ?3"},
    {"add a parameter",
     "INSERT INTO @.params (name, constraint_tag, dtype, shape, device, revision, checksum, value) "
     "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
    {"write a value",
     "UPDATE @.params SET value = ?1, checksum = ?2, revision = ?3 "
     "WHERE id = ?4 AND revision = coalesce(?5, revision) AND length(value) = ?6"},
    {"write values",
     "UPDATE @.params SET value = paramstore_new_value(?1, id), checksum = paramstore_new_checksum(?1, id), "
     "revision = ?2 WHERE id BETWEEN ?3 AND ?4 AND paramstore_is_expected(?1, id, revision, length(value))"},
    {"write a value",
     "UPDATE @.params SET checksum = ?1, revision = ?2 WHERE id = ?3 AND revision = coalesce(?4, revision)"},
    {"read a parameter", "SELECT revision, length(value) FROM @.params WHERE id = ?1"},
    {"replace a parameter",
     "UPDATE @.params SET name = ?1, constraint_tag = ?2, dtype = ?3, shape = ?4, device = ?5, revision = ?6, "
     "checksum = ?7, value = ?8 WHERE id = ?9 AND revision = coalesce(?10, revision)"},
    {"rename a parameter",
     "UPDATE @.params SET name = ?1, revision = ?2 WHERE id = ?3 AND revision = coalesce(?4, revision)"},
    {"erase a parameter", "DELETE FROM @.params WHERE id = ?1 AND revision = coalesce(?2, revision)"},
    {"erase a value", "DELETE FROM @.chunks WHERE param = ?1"},
    {"write a value", "INSERT INTO @.chunks (param, sequence, value) VALUES (?1, ?2, ?3)"},
    {"erase the parameters", "DELETE FROM @.params"},
    {"erase the parameters", "DELETE FROM @.chunks"},
};
static_assert(std::size(texts) == static_cast<std::size_t>(StatementId::how_many));

}  // namespace

FileStatements::FileStatements(sqlite3* handle, const std::string& alias, const std::string& path)
    : handle_(handle), schema_(sql_identifier(alias)), path_(&path) {}

RowStatement& FileStatements::operator[](StatementId id) {
  auto& statement = statements_[static_cast<std::size_t>(id)];
  if (!statement) {
    const StatementText& text = texts[static_cast<std::size_t>(id)];
    std::string sql;
    for (const char* c = text.sql; *c != '\0'; ++c) {
      if (*c == '@') {
        sql += schema_;
      } else if (*c == '%') {
        sql += std::to_string(small_value);
      } else {
        sql += *c;
      }
    }
    statement.emplace(handle_, sql, *path_, text.doing);
  }
  return *statement;
}

void FileStatements::clear() noexcept {
  for (auto& statement : statements_) statement.reset();
}

void FileStatements::move_to(sqlite3* handle) noexcept {
  clear();
  handle_ = handle;
}

}  // namespace paramstore::storage
