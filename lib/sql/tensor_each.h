// The table-valued function tensor_each: functions.h says what it does.
#pragma once

struct sqlite3;

namespace paramstore::sql {

/// Returns SQLite's result code.
int register_tensor_each(sqlite3* db) noexcept;

}  // namespace paramstore::sql
