// A scope's state as a dictionary, in and out.
#pragma once

#include <string>
#include <vector>

#include "lib/store/store_core.h"
#include "lib/store/write_through.h"
#include "paramstore/state_dict.h"

namespace paramstore {

/// The leaves and constraints. Under the store's mutex.
StateDict state_of_scope(ScopeState& scope) PARAMSTORE_REQUIRES(store_mutex);

/// A parameter as it comes from elsewhere: unconstrained.
struct NewParam {
  std::string name;
  Constraint constraint;
  at::Tensor value;
  Adopt adopt;
};

/// Adds and replaces parameters in one transaction. A leaf of the same kind that is in memory stays. Under the
/// store's mutex.
void put_params(StoreCore& core, ScopeState& scope, std::vector<NewParam> params) PARAMSTORE_REQUIRES(store_mutex);

/// The same from a dictionary, which must have the same names twice.
void set_state_of_scope(StoreCore& core, ScopeState& scope, const StateDict& state) PARAMSTORE_REQUIRES(store_mutex);

}  // namespace paramstore
