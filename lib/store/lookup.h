// Finds a parameter by name: in memory, else in the file.
#pragma once

#include <string_view>

#include "lib/store/store_core.h"
#include "lib/store/stored_row.h"
#include "paramstore/param.h"

namespace paramstore {

/// The entry of that name, made from its row if it is not in memory yet; null if the row does not exist. Reads no
/// value.
EntryPtr find_entry(ScopeState& scope, std::string_view name) PARAMSTORE_REQUIRES(store_mutex);

/// The same; throws ParamNotFound.
EntryPtr require_entry(ScopeState& scope, std::string_view name) PARAMSTORE_REQUIRES(store_mutex);

/// The entry of the same name, with a leaf: reads its value if needed. Null if another connection has removed the
/// parameter since.
EntryPtr load_leaf(ScopeState& scope, const EntryPtr& entry) PARAMSTORE_REQUIRES(store_mutex);

/// Makes an entry for every row.
void list_all(ScopeState& scope) PARAMSTORE_REQUIRES(store_mutex);

/// Gives every entry a leaf.
void load_all(ScopeState& scope) PARAMSTORE_REQUIRES(store_mutex);

/// The value of the entry's row, checked, on the row's device; notes its checksum in the entry.
at::Tensor read_value(ScopeState& scope, Entry& entry) PARAMSTORE_REQUIRES(store_mutex);

/// The constrained value of parameter `name` with that leaf, under the caller's grad mode.
Param constrained(const ScopeState& scope, std::string_view name, at::Tensor leaf, const Constraint& constraint)
    PARAMSTORE_EXCLUDES(store_mutex);

struct Found {
  at::Tensor leaf;
  Constraint constraint;
};

/// Leaf and constraint of the parameter of that name, read from the file if needed; nullopt if it does not exist. Takes
/// the mutexes it needs.
std::optional<Found> find(StoreCore& core, ScopeState& scope, std::string_view name) PARAMSTORE_EXCLUDES(store_mutex);

/// The same, for a caller that adds the parameter if it does not exist: throws Error if the file cannot be written then.
std::optional<Found> find_to_add(StoreCore& core, ScopeState& scope, std::string_view name)
    PARAMSTORE_EXCLUDES(store_mutex);

/// Whether it exists, likewise. Reads no value.
bool contains(StoreCore& core, ScopeState& scope, std::string_view name) PARAMSTORE_EXCLUDES(store_mutex);

/// The parameter of that name, likewise. Throws ParamNotFound.
Param get(StoreCore& core, ScopeState& scope, std::string_view name) PARAMSTORE_EXCLUDES(store_mutex);

/// The parameter's leaf, likewise.
at::Tensor get_leaf(StoreCore& core, ScopeState& scope, std::string_view name) PARAMSTORE_EXCLUDES(store_mutex);

/// The leaf's contents if they differ from the row's value; nullopt otherwise.
std::optional<HashedValue> changed_value(const Entry& entry, Detect detect);

}  // namespace paramstore
