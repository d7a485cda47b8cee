// Which scope of which store a thread is in.
#pragma once

#include "scope_state.h"

namespace paramstore {

class StoreCore;

/// The innermost scope of `store` that this thread has entered; null where it is in none.
ScopeState* active_scope(const StoreCore* store) noexcept;

/// `scope` is the innermost one from now on.
void push_active_scope(const StoreCore* store, ScopeState* scope);

/// The thread leaves `scope`, which need not be the innermost.
void pop_active_scope(const StoreCore* store, const ScopeState* scope) noexcept;

}  // namespace paramstore
