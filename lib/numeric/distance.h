// How far two tensors of the same number of elements lie apart.
#pragma once

#include <cstddef>

#include "lib/numeric/elements.h"

namespace paramstore::numeric {

/// A value's elements, borrowed.
struct Elements {
  const void* data;
  storage::Dtype dtype;
};

/// What infinity - infinity and NaN - NaN are.
enum class SameNotFinite {
  is_nan,   // as they are computed, by PyTorch too
  is_zero,  // the two are the same, so nothing lies between them
};

/// The 2-norm of a - b; NaN where that has a NaN.
double l2_distance(const Elements& a, const Elements& b, std::size_t count, SameNotFinite same) noexcept;

/// The largest magnitude of an element of a - b, for `count` > 0; NaN where one is NaN.
double max_abs_diff(const Elements& a, const Elements& b, std::size_t count, SameNotFinite same) noexcept;

}  // namespace paramstore::numeric
