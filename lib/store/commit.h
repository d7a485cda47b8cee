// Writing what optimizers changed in place.
#pragma once

#include <chrono>

#include "lib/store/store_core.h"

namespace paramstore {

/// Writes the dirty leaves of `scope` in one transaction. Returns the scope's new revision. Call with the store's mutex
/// held.
Revision commit_changes(StoreCore& core, ScopeState& scope, const CommitOptions& options)
    PARAMSTORE_REQUIRES(store_mutex);

/// Whether the scope's last commit of in-place changes is older than `interval`; the first call starts the clock.
bool commit_is_due(ScopeState& scope, std::chrono::nanoseconds interval);

}  // namespace paramstore
