// tensor_numel, tensor_at, tensor_json, statistics and distances: functions.h says what they do.
#pragma once

struct sqlite3;

namespace paramstore::sql {

/// Returns SQLite's result code.
int register_tensor_functions(sqlite3* db) noexcept;

}  // namespace paramstore::sql
