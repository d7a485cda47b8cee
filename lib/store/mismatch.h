// An `init` that disagrees with what is stored.
#pragma once

#include <optional>
#include <string_view>

#include "lib/store/store_core.h"
#include "paramstore/constraint.h"
#include "paramstore/initial_value.h"

namespace paramstore {

/// The shape of a stored parameter's constrained value, and its constraint.
struct StoredParam {
  at::IntArrayRef shape;
  const Constraint& constraint;
};

/// Compares what a call asked for with what is stored, and acts on `StoreOptions::on_mismatch`: nothing, one warning
/// per name, or Error. Does not run a callable.
void check_mismatch(StoreCore& core, const ScopeState& scope, std::string_view name, const StoredParam& stored,
                    const InitialValue& init, const std::optional<Constraint>& constraint);

}  // namespace paramstore
