// From a stored value to the one that users see. Only the loadable extension has this: it needs LibTorch.
#pragma once

#include <string_view>

#include "lib/sql/constrain.h"

struct sqlite3;

namespace paramstore::sql {

/// The library's own transforms. Throws Error where the tag is unknown, or has no transform, or does not fit the shape.
ConstrainedValue constrain(storage::ValueBytes value, storage::Dtype dtype, const Shape& shape,
                           std::string_view constraint_tag);

/// Adds two functions:
///
///   constrained(value, dtype, shape, constraint_tag)        a BLOB of the same dtype
///   constrained_shape(value, dtype, shape, constraint_tag)  its shape: the same, unless bounds of the constraint are
///                                                           tensors that broadcast, or it makes matrices of vectors
///
/// Returns SQLite's result code.
int register_constrained(sqlite3* db) noexcept;

}  // namespace paramstore::sql
