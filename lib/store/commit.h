// Writing what optimizers changed in place.
#pragma once

#include <chrono>

#include "lib/store/store_core.h"

namespace paramstore {

/// Writes the dirty leaves of `scope` in one transaction, under the store's mutex. Returns the revision that the
/// scope then shows.
Revision commit_changes(StoreCore& core, ScopeState& scope, const CommitOptions& options)
    PARAMSTORE_REQUIRES(store_mutex);

/// Whether the scope's last commit of what changed in place is longer ago than `interval`; starts the clock at the first call.
bool commit_is_due(ScopeState& scope, std::chrono::nanoseconds interval);

}  // namespace paramstore
