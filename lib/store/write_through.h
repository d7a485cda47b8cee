// Changes of single parameters, in file and cache. All are parts of a Change, under the store's mutex, and undone
// with it.
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

/// Adds a parameter at the end, with this tensor as its leaf. Throws StaleParam where another connection has just
/// added the name.
EntryPtr insert_param(Change& change, std::string_view name, const Constraint& constraint, const at::Tensor& leaf);

/// Whether a tensor itself may become a leaf, or only a copy of it.
enum class Adopt { yes, no };

/// Gives the parameter a constraint and unconstrained contents. A leaf of the same kind stays and gets the contents;
/// otherwise `value` or a copy of it is the new leaf. Throws StaleParam where the row has moved on.
void overwrite_param(Change& change, const EntryPtr& entry, const Constraint& constraint, const at::Tensor& value,
                     Adopt adopt);

struct DirtyLeaf {
  EntryPtr entry;
  std::uint64_t checksum;
};

/// Writes what leaves hold over the values in their rows: some at once, soon after they were hashed, so that they are still
/// in the processor's cache. Remembers all it writes in one list: a step to undo for each of 10,000 leaves takes 1 ms of
/// 21. Adds and removes no entry of the cache.
class InPlaceWrites {
 public:
  explicit InPlaceWrites(Change& change);

  /// The leaf must stay as it is until `finish`.
  void write(const DirtyLeaf& dirty);

  /// Writes what is left, and gives those that could not be written: the leaf has become another kind of tensor, or the
  /// row has moved on.
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

/// Where InPlaceWrites could not write: the whole row becomes what the leaf is now. Where it has moved on: false, and
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
