// Tensors of modules in the place of leaves.
#pragma once

#include <vector>

#include "lib/store/effects.h"
#include "lib/store/store_core.h"

namespace paramstore {

/// A parameter with a leaf, and the tensor that is to become its leaf.
struct Update {
  EntryPtr entry;
  at::Tensor tensor;
};

/// Throws where the exchange could not be made: UnsupportedTensor where the tensor or the leaf is none that can be a
/// leaf, Error where they are on two devices.
void require_exchangeable(const ScopeState& scope, const Update& update);

/// What it takes that each tensor takes over its parameter's storage, and then the leaf's place. Where it is the leaf of
/// other parameters already, of whatever scope of the store, they get a new leaf with the storage that it had. All are to
/// be exchangeable.
std::vector<LeafExchange> plan_exchanges(StoreCore& core, ScopeState& scope, const std::vector<Update>& updates)
    PARAMSTORE_REQUIRES(store_mutex);

/// Makes one of them; for `apply`.
void make_exchange(const LeafExchange& exchange) PARAMSTORE_REQUIRES(store_mutex);
void take_back_exchange(const LeafExchange& exchange) PARAMSTORE_REQUIRES(store_mutex);

}  // namespace paramstore
