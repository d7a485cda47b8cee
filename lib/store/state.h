// A scope's state as a dictionary, in and out.
#pragma once

#include <string>
#include <vector>

#include "lib/store/store_core.h"
#include "lib/store/write_through.h"
#include "paramstore/state_dict.h"

namespace paramstore {

/// The leaves and constraints. Call with the store's mutex held.
StateDict state_of_scope(ScopeState& scope) PARAMSTORE_REQUIRES(store_mutex);

/// A parameter from outside: unconstrained.
struct NewParam {
  std::string name;
  Constraint constraint;
  at::Tensor value;
  Adopt adopt;
};

/// Adds and replaces parameters in one transaction. A leaf of the same kind in memory stays. Call with the store's
/// mutex held.
void put_params(StoreCore& core, ScopeState& scope, std::vector<NewParam> params) PARAMSTORE_REQUIRES(store_mutex);

/// The same from a dictionary, whose params and constraints must have the same names.
void set_state_of_scope(StoreCore& core, ScopeState& scope, const StateDict& state) PARAMSTORE_REQUIRES(store_mutex);

}  // namespace paramstore
