// Which scope of which store a thread is in.
#pragma once

#include <cstdint>

#include "lib/store/scope_state.h"

namespace paramstore {

class StoreCore;

/// The innermost scope of `store` that this thread has entered; null if it is in none.
ScopeState* active_scope(const StoreCore* store) noexcept;

/// `scope` is the innermost one from now on. Returns what to end that with.
std::uint64_t push_active_scope(const StoreCore* store, ScopeState* scope);

/// Leaves the scope entered when `push_active_scope` returned `entry`; it need not be the innermost.
void pop_active_scope(std::uint64_t entry) noexcept;

}  // namespace paramstore
