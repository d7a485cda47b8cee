// SQL functions from a stored value to the one that programs see, and back. Only the loadable extension has them: the first call loads
// LibTorch.
#pragma once

struct sqlite3;

namespace paramstore::sql {

/// Adds four functions:
///
///   constrained(value, dtype, shape, constraint_tag)          a BLOB of the same dtype
///   constrained_shape(value, dtype, shape, constraint_tag)    its shape: the same, unless bounds of the constraint are tensors that
///                                                             broadcast, or it makes matrices from vectors
///   unconstrained(value, dtype, shape, constraint_tag)        the inverse: `value` and `shape` are the constrained tensor's. A value that
///                                                             does not meet the constraint is an error
///   unconstrained_shape(value, dtype, shape, constraint_tag)  its shape
///
/// Returns SQLite's result code.
int register_constrained(sqlite3* db) noexcept;

}  // namespace paramstore::sql
