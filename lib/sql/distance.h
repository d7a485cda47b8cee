// How far two tensors of the same number of elements lie apart.
#pragma once

#include <cstddef>

#include "lib/sql/elements.h"

namespace paramstore::sql {

/// A value's elements, borrowed.
struct Elements {
  const void* data;
  storage::Dtype dtype;
};

/// The 2-norm of a - b; NaN where that has a NaN.
double l2_distance(const Elements& a, const Elements& b, std::size_t count) noexcept;

/// The largest magnitude of an element of a - b, for `count` > 0; NaN where one is NaN.
double max_abs_diff(const Elements& a, const Elements& b, std::size_t count) noexcept;

}  // namespace paramstore::sql
