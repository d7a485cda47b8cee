// From the file into memory: the one place where a change reaches cache and leaves.
#pragma once

#include <exception>

#include "lib/store/effects.h"
#include "lib/store/reversal.h"

namespace paramstore {

/// Makes memory what the file is already. So it cannot fail: an entry that cannot get what it should (no memory, a leaf that
/// cannot be overwritten) is dropped, and is read from the file when it is next asked for; the user is warned, once the
/// store's mutex is free. In a batch `reversal`, which is prepared for the effects, notes how to go back.
void apply(ScopeState& scope, Effects&& effects, Reversal* reversal = nullptr) noexcept
    PARAMSTORE_REQUIRES(store_mutex);

/// Takes an entry that is not what the file has out of memory. `why` is what went wrong with it.
void drop_entry(ScopeState& scope, const EntryPtr& entry, const std::exception_ptr& why) noexcept
    PARAMSTORE_REQUIRES(store_mutex);

}  // namespace paramstore
