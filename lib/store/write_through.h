// Changes of single parameters: each writes its rows and adds to the change's effects what follows in memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/store/change.h"
#include "lib/store/stored_row.h"

namespace paramstore {

/// A parameter that does not exist yet: its row, and its entry, which lacks only what the row's insertion gives it. It
/// can be made without the store's mutex.
struct NewEntry {
  /// `row` was made from `leaf`.
  NewEntry(StoredRow row, const Constraint& constraint, const at::Tensor& leaf);

  StoredRow row;  // without its record, which the entry has
  EntryPtr entry;
};

/// Adds the parameter at the end. Returns false and changes nothing if another connection has just added the name.
bool try_insert_param(Change& change, const NewEntry& added) PARAMSTORE_REQUIRES(store_mutex);

/// The same, but throws StaleParam.
void insert_param(Change& change, std::string_view name, const Constraint& constraint, const at::Tensor& leaf)
    PARAMSTORE_REQUIRES(store_mutex);

/// Whether a tensor itself may become a leaf, or only a copy of it.
enum class Adopt { yes, no };

/// Gives the parameter a constraint and unconstrained contents. A leaf of the same kind stays and gets the contents;
/// otherwise `value` or a copy of it is the new leaf. Throws StaleParam if the row has changed.
void overwrite_param(Change& change, const EntryPtr& entry, const Constraint& constraint, const at::Tensor& value,
                     Adopt adopt) PARAMSTORE_REQUIRES(store_mutex);

/// Replaces the whole row from the leaf, whose contents have that checksum. If the row has changed, returns false and
/// writes nothing; with Conflict::overwrite, writes the leaf as the parameter of that name in any case.
bool write_anew(Change& change, const EntryPtr& entry, std::uint64_t checksum, Conflict conflict)
    PARAMSTORE_REQUIRES(store_mutex);

/// Throws StaleParam if the row has changed.
void erase_param(Change& change, const EntryPtr& entry) PARAMSTORE_REQUIRES(store_mutex);

void clear_params(Change& change) PARAMSTORE_REQUIRES(store_mutex);

/// What the caller of a stale change can do to get its own values in: have `commit` overwrite, or repeat the call.
enum class Remedy { overwrite, repeat };

[[noreturn]] void throw_stale(const ScopeState& scope, std::vector<std::string> names, Remedy remedy);

}  // namespace paramstore
