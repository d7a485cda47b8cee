// From SQLite's calls to C++ functions that may throw.
#pragma once

#include <cstddef>

#include "lib/sql/sqlite_api.h"

namespace paramstore::sql {

/// One call: the result goes to `context`. None of the arguments is NULL.
struct Call {
  sqlite3_context* context;
  int count;
  sqlite3_value** values;
};

struct Function {
  const char* name;
  int argument_count;  // -1: any number
  void (*run)(const Call& call);
};

/// If `run` throws, the statement fails with the function's name and the message. If an argument is NULL, the result is
/// NULL and `run` is not called. `functions` must live as long as the connection. Returns SQLite's result code.
int register_functions(sqlite3* db, const Function* functions, std::size_t count) noexcept;

template <std::size_t count>
int register_functions(sqlite3* db, const Function (&functions)[count]) noexcept {
  return register_functions(db, functions, count);
}

}  // namespace paramstore::sql
