// One change of a scope: in its file first, then in memory.
#pragma once

#include <cstddef>
#include <optional>

#include "lib/store/effects.h"
#include "lib/store/store_core.h"
#include "paramstore/storage/savepoint.h"

namespace paramstore {

/// A transaction of its own or, while a batch is open, a part of the batch's. Owns what memory will be: write the rows, say
/// in `effects` what follows from that, and commit. Memory changes only then. Destroyed without `commit` it undoes what it
/// wrote. To be used under the store's mutex.
class Change {
 public:
  /// A `try_insert` of at most WriteTransaction::small_insert bytes is undone by SQLite if it fails, so as a change it needs
  /// no savepoint in a batch.
  enum class Extent { one_small_insert, any };

  /// Waits for the file's write lock. Throws StoreBusy; Error where a batch is open on another scope. In a batch, what
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
  OpenBatch* const batch_;  // null: `own_` is open
  std::optional<storage::WriteTransaction> own_;
  std::optional<storage::Savepoint> savepoint_;  // of the batch's transaction
  Effects effects_;
};

}  // namespace paramstore
