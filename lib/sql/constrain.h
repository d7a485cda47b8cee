// How a stored value becomes the one that users see, for tables that can show both. Who has LibTorch provides it.
#pragma once

#include <string_view>
#include <vector>

#include "lib/sql/arguments.h"

namespace paramstore::sql {

/// A tensor of its own: contiguous, of the dtype of the value that it was made from.
struct ConstrainedValue {
  std::vector<char> bytes;
  Shape shape;
};

/// Applies the transform that belongs to a constraint tag. `value` must fit dtype and shape.
using Constrain = ConstrainedValue (*)(storage::ValueBytes value, storage::Dtype dtype, const Shape& shape,
                                       std::string_view constraint_tag);

}  // namespace paramstore::sql
