// Tensors of modules in the place of leaves.
#pragma once

#include <functional>
#include <memory>
#include <vector>

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

/// Each tensor takes over its parameter's storage, and then the leaf's place. Where it is the leaf of other parameters
/// already, of whatever scope of the store, they get a new leaf with the storage that it had. All are to be
/// exchangeable. Returns how to take it back, which must not throw. Under the store's mutex.
std::function<void()> exchange(StoreCore& core, ScopeState& scope, const std::vector<Update>& updates);

}  // namespace paramstore
