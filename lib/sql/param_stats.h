// The table param_stats: functions.h says what is in it.
#pragma once

struct sqlite3;

namespace paramstore::sql {

/// Returns SQLite's result code.
int register_param_stats(sqlite3* db) noexcept;

}  // namespace paramstore::sql
