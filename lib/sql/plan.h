// Which constraints of a query a virtual table takes over from SQLite.
#pragma once

#include <initializer_list>
#include <string_view>

#include "lib/sql/sqlite_api.h"

namespace paramstore::sql {

/// A column for which `column = x` selects rows or passes an argument.
struct KeyColumn {
  int column;
  bool is_argument;  // hidden, and always equal to x, so SQLite need not compare it
};

/// Passes the values of `column = x` to xFilter, in the order of `keys`, and returns which are present: bit 0 for
/// the first key, and so on. Returns -1 if the plan must wait for a value: an argument that another table gives.
inline int take_keys(sqlite3_index_info& info, std::initializer_list<KeyColumn> keys) {
  int taken = 0;
  int bit = 1;
  int arguments = 0;
  for (const KeyColumn& key : keys) {
    for (int i = 0; i < info.nConstraint; ++i) {
      const auto& constraint = info.aConstraint[i];
      if (constraint.iColumn != key.column || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ) continue;
      // Under another collation more rows may be equal than the one looked up, so SQLite must compare all.
      if (!key.is_argument && sqlite3_vtab_collation(&info, i) != std::string_view("BINARY")) continue;
      if (!constraint.usable) {
        if (key.is_argument) return -1;
        continue;
      }
      if ((taken & bit) != 0) continue;
      taken |= bit;
      info.aConstraintUsage[i].argvIndex = ++arguments;
      info.aConstraintUsage[i].omit = key.is_argument ? 1 : 0;
    }
    bit <<= 1;
  }
  return taken;
}

}  // namespace paramstore::sql
