// From SQLite's errors to paramstore's exceptions: the one place where it is decided which and with what words.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>

#include <string>
#include <string_view>
#include <utility>

#include "paramstore/storage/export.h"

struct sqlite3;

namespace paramstore::storage {

/// Throws the exception for `code`, SQLite's (extended) result code: "<path>: cannot <doing>: <why, and what to do>".
/// `handle`, if it is not null, adds SQLite's own words; its last error must be this one. It also tells a damaged file from
/// a disk that fails to read, which SQLite reports as damage: see require_readable.
[[noreturn]] PARAMSTORE_STORAGE_EXPORT void throw_sqlite_error(sqlite3* handle, int code, const std::string& path,
                                                               std::string_view doing);

/// The same for what SQLiteCpp throws, which carries SQLite's words.
[[noreturn]] PARAMSTORE_STORAGE_EXPORT void throw_sqlite_error(sqlite3* handle, const SQLite::Exception& error,
                                                               const std::string& path, std::string_view doing);

/// Throws StorageError with SQLITE_IOERR_READ if the system could not read one of the connection's files: "<path>: cannot
/// <doing>: the file cannot be read: Input/output error; ...". To be called when SQLite says that a file is damaged.
/// Forgets the system's error, so that damage found later is not put down to it.
PARAMSTORE_STORAGE_EXPORT void require_readable(sqlite3* handle, const std::string& path, std::string_view doing);

/// Throws if `code` is an error.
inline void check_sqlite(sqlite3* handle, int code, const std::string& path, std::string_view doing) {
  if (code != 0) throw_sqlite_error(handle, code, path, doing);
}

/// Returns what `work` returns. What SQLiteCpp throws in it, for this connection, leaves as one of our exceptions.
template <class Work>
auto in_our_words(sqlite3* handle, const std::string& path, std::string_view doing, Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    throw_sqlite_error(handle, error, path, doing);
  }
}

template <class Work>
auto in_our_words(SQLite::Database& database, const std::string& path, std::string_view doing, Work&& work)
    -> decltype(work()) {
  return in_our_words(database.getHandle(), path, doing, std::forward<Work>(work));
}

/// Runs `sql`, one statement or several, for its effect.
inline void execute(SQLite::Database& database, const std::string& sql, const std::string& path,
                    std::string_view doing) {
  in_our_words(database, path, doing, [&] { database.exec(sql); });
}

/// SQLite's result code of `error`, extended if it has one.
PARAMSTORE_STORAGE_EXPORT int result_code(const SQLite::Exception& error) noexcept;

/// Whether `code` means that another connection was in the way.
bool is_busy(int code) noexcept;

}  // namespace paramstore::storage
