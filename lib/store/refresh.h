// What other connections have committed, taken into a scope's memory.
#pragma once

#include "lib/store/store_core.h"

namespace paramstore {

/// What happens to a parameter that was changed in place here and committed elsewhere.
enum class Pending {
  keep,     // it stays as it is here, and its commit will be StaleParam
  discard,  // it gets the other's value
};

/// Remembers how far the file is, for a scope without entries.
void look(ScopeState& scope) PARAMSTORE_REQUIRES(store_mutex);

/// Where the file has moved on since the last look: brings the cache to the file's newest commit, reports into
/// `scope.unreported` and looks again. All or nothing. To be called under the store's mutex, inside a ReadTransaction
/// of the file, so that what is read after it belongs to the same commit.
void take_in_changes(ScopeState& scope, Pending pending) PARAMSTORE_REQUIRES(store_mutex);

}  // namespace paramstore
