// A module's tensors become leaves.
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

/// Throws if the exchange is impossible: UnsupportedTensor if the tensor or the leaf cannot be a leaf, Error if they
/// are on different devices.
void require_exchangeable(const ScopeState& scope, const Update& update);

/// How each tensor takes over its parameter's storage and then becomes its leaf. If it is already the leaf of other
/// parameters, in any scope of the store, they get a new leaf with its old storage. All must be exchangeable.
std::vector<LeafExchange> plan_exchanges(StoreCore& core, ScopeState& scope, const std::vector<Update>& updates)
    PARAMSTORE_REQUIRES(store_mutex);

/// Makes one of them: called by `apply`, and by the batch that goes back.
void make_exchange(const LeafExchange& exchange) PARAMSTORE_REQUIRES(store_mutex);
void take_back_exchange(const LeafExchange& exchange) PARAMSTORE_REQUIRES(store_mutex);

}  // namespace paramstore
