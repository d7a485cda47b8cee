// Turns a stored value into the one that users see, for tables that can show both. Implemented by code with LibTorch.
#pragma once

#include <string_view>
#include <vector>

#include "lib/sql/arguments.h"

namespace paramstore::sql {

/// A contiguous tensor with its own memory and the dtype of the stored value.
struct ConstrainedValue {
  std::vector<char> bytes;
  Shape shape;
};

/// Applies the transform that belongs to a constraint tag. `value` must fit dtype and shape.
using Constrain = ConstrainedValue (*)(storage::ValueBytes value, storage::Dtype dtype, const Shape& shape,
                                       std::string_view constraint_tag);

}  // namespace paramstore::sql
