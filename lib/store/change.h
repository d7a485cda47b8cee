// One change of a scope: in its file first, then in memory.
#pragma once

#include <cstddef>
#include <optional>

#include "lib/store/effects.h"
#include "lib/store/store_core.h"
#include "paramstore/storage/savepoint.h"

namespace paramstore {

/// A transaction of its own, or part of the open batch's. Owns the effects on memory. The order: write the rows, add to
/// `effects` what follows in memory, commit; memory changes only then. Destroyed without `commit`, it undoes what it
/// wrote.
class Change {
 public:
  /// SQLite itself undoes a failed `try_insert` of at most WriteTransaction::small_insert bytes, so a change that is
  /// only that needs no savepoint in a batch.
  enum class Extent { one_small_insert, any };

  /// Waits for the file's write lock. Throws StoreBusy; Error if a batch is open on another scope. In a batch, what
  /// `info` has becomes the batch's.
  Change(StoreCore& core, ScopeState& scope, const storage::CommitInfo& info = {}, Extent extent = Extent::any)
      PARAMSTORE_REQUIRES(store_mutex);
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  storage::WriteTransaction& rows() noexcept { return batch_ ? batch_->rows : *own_; }
  ScopeState& scope() noexcept { return scope_; }
  Effects& effects() noexcept { return effects_; }

  Revision commit() PARAMSTORE_REQUIRES(store_mutex);

 private:
  ScopeState& scope_;
  OpenBatch* const batch_;  // null if no batch is open: then `own_` is
  std::optional<storage::WriteTransaction> own_;
  std::optional<storage::Savepoint> savepoint_;  // of the batch's transaction
  Effects effects_;
};

}  // namespace paramstore
