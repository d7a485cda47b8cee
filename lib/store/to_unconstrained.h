// Turns a constrained value into the tensor that is stored.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

#include "lib/store/store_core.h"
#include "paramstore/constraint.h"

namespace paramstore {

/// The unconstrained tensor of a constrained value: detached, contiguous, not shared. Checks the value first if the
/// options say so (ConstraintViolation), and the tensor always (UnsupportedTensor). Runs checks and transforms, which
/// may be the user's code.
at::Tensor to_unconstrained(const StoreCore& core, const ScopeState& scope, std::string_view name,
                            const Constraint& constraint, const at::Tensor& value) PARAMSTORE_EXCLUDES(store_mutex);

}  // namespace paramstore
