// One statement for the values of many rows: StatementId::update_run calls SQL functions that tell, for each row, whether to
// overwrite it and with what. With a statement for each row, most of the time would go to running statements.
#pragma once

#include <cstddef>
#include <string>

#include "lib/storage/store_internals.h"

struct sqlite3;

namespace paramstore::storage {

/// At least one update, of rows whose ids are `first->id`, `first->id + 1`, ...
struct ValueRun {
  ValueUpdate* first;
  std::size_t count;
  std::size_t next = 0;  // the first one not requested yet
};

/// The name by which SQLite tells a pointer to a ValueRun from others.
constexpr const char* value_run_type = "paramstore::storage::ValueRun";

/// Gives the connection the functions:
///   is_expected(run, id, revision, length): whether to overwrite the row; also stored in its update's `written`. Fails
///     if ids do not ascend: the file is damaged, and a tree whose pages form a cycle would never end.
///   new_value(run, id), new_checksum(run, id): what to overwrite it with
void register_value_run(sqlite3* handle, const std::string& path);

}  // namespace paramstore::storage
