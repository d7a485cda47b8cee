// Changes of single parameters, in file and cache. All are parts of a Change, under the store's mutex, and undone
// with it.
#pragma once

#include <string>
#include <string_view>

#include "change.h"

namespace paramstore {

/// Adds a parameter at the end, with this tensor as its leaf. Throws StaleParam where another connection has just
/// added the name.
EntryPtr insert_param(Change& change, std::string_view name, const Constraint& constraint, const at::Tensor& leaf);

/// Whether a tensor itself may become a leaf, or only a copy of it.
enum class Adopt { yes, no };

/// Gives the parameter a constraint and unconstrained contents. A leaf of the same kind stays and gets the contents;
/// otherwise `value` or a copy of it is the new leaf. Throws StaleParam where the row has moved on.
void overwrite_param(Change& change, const EntryPtr& entry, const Constraint& constraint, const at::Tensor& value,
                     Adopt adopt);

/// Writes what the entry's leaf holds, whose checksum is given, over the value in its row. False, and nothing is written,
/// where the leaf has become another kind of tensor or the row has moved on. Adds and removes no entry of the cache.
bool write_in_place(Change& change, const EntryPtr& entry, std::uint64_t checksum);

/// The same where `write_in_place` could not: the whole row becomes what the leaf is now. Where it has moved on: false, and
/// nothing is written; with Conflict::overwrite the leaf's contents become the parameter of that name, whatever became of
/// its row.
bool write_anew(Change& change, const EntryPtr& entry, std::uint64_t checksum, Conflict conflict);

/// Throws StaleParam where the row has moved on.
void erase_param(Change& change, const EntryPtr& entry);

void clear_params(Change& change);

/// The unconstrained tensor that stands for a constrained value: detached, contiguous, nobody else's. Checks the
/// value first where the options say so (ConstraintViolation), and the tensor always (UnsupportedTensor).
at::Tensor to_unconstrained(const StoreCore& core, const ScopeState& scope, std::string_view name,
                            const Constraint& constraint, const at::Tensor& value);

[[noreturn]] void throw_stale(const ScopeState& scope, std::vector<std::string> names);

}  // namespace paramstore
