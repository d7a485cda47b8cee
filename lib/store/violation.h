// A value outside its parameter's constraint, and what the error says about it.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

#include "lib/store/scope_state.h"
#include "paramstore/constraint.h"

namespace paramstore {

/// Throws ConstraintViolation if `value` is outside, naming the first element or event that is, and why.
void require_inside(const ScopeState& scope, std::string_view name, const Constraint& constraint,
                    const at::Tensor& value);

}  // namespace paramstore
