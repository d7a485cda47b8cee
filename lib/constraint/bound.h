// Arithmetic and comparison with a constraint's bound, a number or a tensor, by the operations that Python's operators
// dispatch to.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>

#include "lib/constraint/arguments.h"
#include "paramstore/constraint.h"

namespace paramstore {

/// The bound as a constraint keeps it: a tensor is detached, contiguous, on the CPU and not shared. Throws Error,
/// naming `parameter`, if the bound is invalid.
Bound normalized(const Bound& bound, std::string_view parameter);

/// Throws Error unless the first two arguments, bounds, broadcast with each other to no more elements than one bound
/// may have: a small tag must not cause large results.
void require_bounds_together(const Arguments& arguments);

/// x + b, x - b, x * b, x / b.
at::Tensor add(const at::Tensor& x, const Bound& b);
at::Tensor subtract(const at::Tensor& x, const Bound& b);
at::Tensor multiply(const at::Tensor& x, const Bound& b);
at::Tensor divide(const at::Tensor& x, const Bound& b);

/// a - b.
Bound subtract(const Bound& a, const Bound& b);

/// Elementwise x > b, x >= b, x < b, x <= b.
at::Tensor greater(const at::Tensor& x, const Bound& b);
at::Tensor greater_equal(const at::Tensor& x, const Bound& b);
at::Tensor less(const at::Tensor& x, const Bound& b);
at::Tensor less_equal(const at::Tensor& x, const Bound& b);

/// True if the bound is this number, not a tensor of it: torch.distributions treats that as a special case.
bool is_number(const Bound& bound, double number) noexcept;

}  // namespace paramstore
