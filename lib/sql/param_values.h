// The table param_values: functions.h says what is in it.
#pragma once

#include "lib/sql/constrain.h"

struct sqlite3;

namespace paramstore::sql {

struct ParamValuesSettings {
  /// Null: only what is stored. Otherwise the table has two more columns: constrained, and constrained_imag (NULL
  /// unless complex), the element that users see at these indices. Both are NULL if the constraint changes the
  /// tensor's shape; then tensor_each(constrained(...), dtype, constrained_shape(...)) has the elements.
  Constrain constrain;
};

/// `settings` must live as long as the connection. Returns SQLite's result code.
int register_param_values(sqlite3* db, const ParamValuesSettings& settings) noexcept;

}  // namespace paramstore::sql
