// Refreshes a scope's memory with what other connections have committed.
#pragma once

#include "lib/store/store_core.h"

namespace paramstore {

/// What happens to a parameter that was changed in place here and committed elsewhere.
enum class Pending {
  keep,     // it stays as it is here, and its commit will throw StaleParam
  discard,  // it gets the committed value
};

/// Records the file's current state, for a scope without entries.
void look(ScopeState& scope) PARAMSTORE_REQUIRES(store_mutex);

/// If the file has changed since the last look, brings the cache to the file's newest commit, reports into
/// `scope.unreported` and looks again. All or nothing. Call with the store's mutex held, inside a ReadTransaction of
/// the file, so that later reads see the same commit.
void take_in_changes(ScopeState& scope, Pending pending) PARAMSTORE_REQUIRES(store_mutex);

}  // namespace paramstore
