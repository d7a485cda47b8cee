// One file's prepared statements of the row paths, in one table.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "lib/storage/row_statement.h"

namespace paramstore::storage {

enum class StatementId : std::size_t {
  find_by_name,
  find_by_id,
  list,
  load,
  stamps,
  value,
  chunks,
  revision,
  last_id,
  id_range,
  count,
  data_version,
  schema_version,
  page_count,
  page_size,
  new_commit,
  annotate,
  insert,
  update_value,
  update_run,
  update_stamp,
  state,
  replace,
  rename,
  erase,
  erase_chunks,
  insert_chunk,
  clear,
  clear_chunks,
  how_many,
};

/// Values up to this many bytes are passed as a statement's columns and parameters, longer ones through a Blob. For
/// shorter values, opening a blob costs more than copying the value once more.
constexpr std::size_t small_value = 128 * 1024;

class FileStatements {
 public:
  /// `alias`: the schema name of the file. `path`, for messages, must outlive this object.
  FileStatements(sqlite3* handle, const std::string& alias, const std::string& path);

  /// The statement, prepared on its first use. Hold it in a StatementUse.
  RowStatement& operator[](StatementId id);
  /// Finalizes all of them, which is required before the file can be detached.
  void clear() noexcept;
  /// Moves to another connection.
  void move_to(sqlite3* handle) noexcept;

 private:
  sqlite3* handle_;
  std::string schema_;  // the quoted alias
  const std::string* path_;
  std::array<std::optional<RowStatement>, static_cast<std::size_t>(StatementId::how_many)> statements_;
};

}  // namespace paramstore::storage
