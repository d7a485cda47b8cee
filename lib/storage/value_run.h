// One statement for the values of many rows: Query::update_run asks for each row, through SQL functions, whether and with
// what it is to be overwritten. A statement for each row spends most of its time on being one: 10,000 rows of 256 bytes
// take 8.7 ms so, and 3.1 ms as a run.
#pragma once

#include <cstddef>
#include <string>

#include "paramstore/storage/database.h"

struct sqlite3;

namespace paramstore::storage {

/// At least one update, of rows whose ids are `first->id`, `first->id + 1`, ...
struct ValueRun {
  ValueUpdate* first;
  std::size_t count;
  std::size_t next = 0;  // those before it were asked for
};

/// The name by which SQLite tells a pointer to a ValueRun from others.
constexpr const char* value_run_type = "paramstore::storage::ValueRun";

/// Gives the connection the functions:
///   is_expected(run, id, revision, length): whether the row is to be overwritten, which its update then says, `written`.
///     Fails where ids do not ascend: the file is damaged, and a tree whose pages lead back to each other has no end.
///   new_value(run, id), new_checksum(run, id): with what
void register_value_run(sqlite3* handle, const std::string& path);

}  // namespace paramstore::storage
