// Long arguments of a statement, bound without being copied.
#pragma once

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <cstddef>
#include <limits>
#include <string>

#include "paramstore/storage/value_bytes.h"

namespace paramstore::storage {

/// SQLiteCpp takes lengths as int; what is longer than that is longer than SQLite allows.
inline void check_length(std::size_t size) {
  if (size > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw SQLite::Exception(sqlite3_errstr(SQLITE_TOOBIG), SQLITE_TOOBIG);
}

/// Both must live until the statement is reset.
inline void bind_in_place(SQLite::Statement& statement, int parameter, const std::string& text) {
  check_length(text.size());
  statement.bindNoCopy(parameter, text);
}

/// An empty value is bound as an empty blob, for which SQLiteCpp would bind NULL if its pointer is null.
inline void bind_in_place(SQLite::Statement& statement, int parameter, ValueBytes value) {
  check_length(value.size);
  const void* const data = value.size == 0 ? "" : value.data;
  statement.bindNoCopy(parameter, data, static_cast<int>(value.size));
}

}  // namespace paramstore::storage
