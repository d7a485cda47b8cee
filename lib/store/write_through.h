// Changes of single parameters, in file and cache. All are part of a Change and are undone with it. Call with the
// store's mutex held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/store/change.h"
#include "lib/store/leaf.h"

namespace paramstore {

/// Adds a parameter at the end, with this tensor as its leaf. Throws StaleParam if another connection has just added
/// the name.
EntryPtr insert_param(Change& change, std::string_view name, const Constraint& constraint, const at::Tensor& leaf);

/// Whether a tensor itself may become a leaf, or only a copy of it.
enum class Adopt { yes, no };

/// Gives the parameter a constraint and unconstrained contents. A leaf of the same kind stays and gets the contents;
/// otherwise `value` or a copy of it is the new leaf. Throws StaleParam if the row has changed.
void overwrite_param(Change& change, const EntryPtr& entry, const Constraint& constraint, const at::Tensor& value,
                     Adopt adopt);

struct DirtyLeaf {
  EntryPtr entry;
  std::uint64_t checksum;
};

/// Overwrites the values in rows with the leaves' contents, several at a time, soon after they were hashed, while they
/// are still in the processor's cache. Keeps one undo list, because an undo step per leaf is slow. Adds and removes no
/// cache entries.
class InPlaceWrites {
 public:
  explicit InPlaceWrites(Change& change);

  /// The leaf must stay as it is until `finish`.
  void write(const DirtyLeaf& dirty);

  /// Writes the rest, and returns those that could not be written: the leaf's kind or the row has changed.
  std::vector<DirtyLeaf> finish();

 private:
  void write_waiting();

  struct Before {
    EntryPtr entry;
    Revision revision;
    std::optional<std::uint64_t> checksum;
    std::uint64_t stored_checksum;
    std::int64_t stored_version;
  };
  Change& change_;
  std::shared_ptr<std::vector<Before>> before_;
  std::vector<EntryPtr> waiting_;
  std::vector<HostValue> contents_;            // of each of them,
  std::vector<storage::ValueUpdate> updates_;  // and what becomes of its row
  std::size_t waiting_bytes_ = 0;
  std::vector<DirtyLeaf> not_written_;
};

/// For what InPlaceWrites could not write: replaces the whole row from the leaf. If the row has changed, returns false
/// and writes nothing; with Conflict::overwrite, writes the leaf as the parameter of that name in any case.
bool write_anew(Change& change, const EntryPtr& entry, std::uint64_t checksum, Conflict conflict);

/// Throws StaleParam if the row has changed.
void erase_param(Change& change, const EntryPtr& entry);

void clear_params(Change& change);

/// The unconstrained tensor of a constrained value: detached, contiguous, not shared. Checks the value first if the
/// options say so (ConstraintViolation), and the tensor always (UnsupportedTensor).
at::Tensor to_unconstrained(const StoreCore& core, const ScopeState& scope, std::string_view name,
                            const Constraint& constraint, const at::Tensor& value);

[[noreturn]] void throw_stale(const ScopeState& scope, std::vector<std::string> names);

}  // namespace paramstore
