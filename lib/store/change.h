// One change of a scope, in its file and in memory: both, or neither.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "lib/store/store_core.h"
#include "paramstore/storage/savepoint.h"

namespace paramstore {

/// A transaction of its own, or, while a batch is open, a part of the batch's. Destroyed without `commit` it undoes
/// what was done with it. To be used under the store's mutex.
///
/// The order is: write the rows, change memory and say how to undo that, commit.
class Change {
 public:
  /// Waits for the file's write lock. Throws StoreBusy; Error where a batch is open on another scope. In a batch, what
  /// `info` has becomes the batch's.
  Change(StoreCore& core, ScopeState& scope, const storage::CommitInfo& info = {});
  ~Change();
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  storage::WriteTransaction& rows() noexcept { return transaction_->rows; }
  ScopeState& scope() noexcept { return *transaction_->scope; }

  /// How to take back what is about to be changed in memory. `undo` must not throw.
  void on_undo(std::function<void()> undo) { transaction_->undo.push_back(std::move(undo)); }

  Revision commit();

 private:
  std::unique_ptr<OpenTransaction> own_;         // where no batch is open
  std::optional<storage::Savepoint> savepoint_;  // where one is
  OpenTransaction* transaction_;
  std::size_t undo_from_;
  bool finished_ = false;
};

/// Runs the undo steps from `from` on, last first, and drops them.
void undo_from(OpenTransaction& transaction, std::size_t from) noexcept;

/// Commits the rows and lets the scope know the new revision.
Revision finish(OpenTransaction& transaction);

}  // namespace paramstore
