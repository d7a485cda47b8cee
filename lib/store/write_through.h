// Changes of single parameters: each writes its rows, and adds to the change's effects what follows in memory. All are
// parts of a Change, under the store's mutex.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/store/change.h"
#include "lib/store/stored_row.h"

namespace paramstore {

/// Adds a parameter at the end, with this tensor, of which `row` was made, as its leaf. False where another connection has
/// just added the name: then nothing was changed.
bool try_insert_param(Change& change, StoredRow row, const Constraint& constraint, const at::Tensor& leaf)
    PARAMSTORE_REQUIRES(store_mutex);

/// The same; throws StaleParam.
void insert_param(Change& change, std::string_view name, const Constraint& constraint, const at::Tensor& leaf)
    PARAMSTORE_REQUIRES(store_mutex);

/// Whether a tensor itself may become a leaf, or only a copy of it.
enum class Adopt { yes, no };

/// Gives the parameter a constraint and unconstrained contents. A leaf of the same kind stays and gets the contents;
/// otherwise `value` or a copy of it is the new leaf. Throws StaleParam where the row has moved on.
void overwrite_param(Change& change, const EntryPtr& entry, const Constraint& constraint, const at::Tensor& value,
                     Adopt adopt) PARAMSTORE_REQUIRES(store_mutex);

/// The whole row becomes what the leaf is now, which has that checksum. Where the row has moved on: false, and nothing is
/// written; with Conflict::overwrite the leaf's contents become the parameter of that name, whatever became of its row.
bool write_anew(Change& change, const EntryPtr& entry, std::uint64_t checksum, Conflict conflict)
    PARAMSTORE_REQUIRES(store_mutex);

/// Throws StaleParam where the row has moved on.
void erase_param(Change& change, const EntryPtr& entry) PARAMSTORE_REQUIRES(store_mutex);

void clear_params(Change& change) PARAMSTORE_REQUIRES(store_mutex);

[[noreturn]] void throw_stale(const ScopeState& scope, std::vector<std::string> names);

}  // namespace paramstore
