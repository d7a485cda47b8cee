// Applies changes to memory: the one place where a change reaches cache and leaves.
#pragma once

#include <exception>

#include "lib/store/effects.h"
#include "lib/store/reversal.h"

namespace paramstore {

/// Brings memory to what the file already holds, and so must not fail: an entry that cannot be updated (out of memory,
/// a leaf that cannot be overwritten) is dropped, is read again from the file at the next access, and the user is
/// warned. In a batch, `reversal`, prepared for the effects, notes how to go back.
void apply(ScopeState& scope, Effects&& effects, Reversal* reversal = nullptr) noexcept
    PARAMSTORE_REQUIRES(store_mutex);

/// Removes an entry that differs from the file. `why` goes into the warning.
void drop_entry(ScopeState& scope, const EntryPtr& entry, const std::exception_ptr& why) noexcept
    PARAMSTORE_REQUIRES(store_mutex);

}  // namespace paramstore
