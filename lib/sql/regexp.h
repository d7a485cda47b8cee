// The operator REGEXP, which SQLite does not implement: functions.h says what it does.
#pragma once

struct sqlite3;

namespace paramstore::sql {

/// Returns SQLite's result code.
int register_regexp(sqlite3* db) noexcept;

}  // namespace paramstore::sql
