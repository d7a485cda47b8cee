// Several statements in one text: where the first one ends.
#pragma once

#include <SQLiteCpp/Database.h>

#include "paramstore/storage/export.h"

namespace paramstore::storage {

struct FirstStatement {
  bool exists = false;      // not just white space, comments or a lone semicolon
  bool only_reads = false;  // running it changes no file
  const char* end = nullptr;
};

/// Looks at the first statement of `sql`, without running it: SQLiteCpp's Statement takes the first and tells neither where it
/// ends nor whether it only reads. Throws SQLite::Exception if it is invalid.
PARAMSTORE_STORAGE_EXPORT FirstStatement first_statement(const SQLite::Database& database, const char* sql);

}  // namespace paramstore::storage
