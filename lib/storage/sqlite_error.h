// From SQLite's result codes to paramstore's exceptions.
#pragma once

#include <string>
#include <string_view>

struct sqlite3;

namespace paramstore::storage {

/// Throws the exception for `code`, SQLite's (extended) result code: "<path>: cannot <doing>: <why, and what to do>".
/// `handle`, if there is one, adds SQLite's own words; its last error must be this one.
[[noreturn]] void throw_sqlite_error(sqlite3* handle, int code, const std::string& path, std::string_view doing);

/// The same, if `code` is an error.
inline void check_sqlite(sqlite3* handle, int code, const std::string& path, std::string_view doing) {
  if (code != 0) throw_sqlite_error(handle, code, path, doing);
}

/// Whether `code` says that another connection was in the way.
bool is_busy(int code) noexcept;

}  // namespace paramstore::storage
