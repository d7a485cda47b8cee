// One change of a scope, in its file and in memory: both, or neither.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "lib/store/store_core.h"
#include "paramstore/storage/savepoint.h"

namespace paramstore {

/// A transaction of its own, or part of the open batch's. Destroyed without `commit`, it undoes its changes. Call with
/// the store's mutex held.
///
/// The order: write the rows, change memory and register its undo, commit.
class Change {
 public:
  /// Waits for the file's write lock. Throws StoreBusy; Error if a batch is open on another scope. In a batch, what
  /// `info` has becomes the batch's.
  Change(StoreCore& core, ScopeState& scope, const storage::CommitInfo& info = {});
  ~Change();
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

  storage::WriteTransaction& rows() noexcept { return transaction_->rows; }
  ScopeState& scope() noexcept { return *transaction_->scope; }

  /// Registers the undo of a coming change in memory. `undo` must not throw.
  void on_undo(std::function<void()> undo) { transaction_->undo.push_back(std::move(undo)); }

  Revision commit();

 private:
  std::unique_ptr<OpenTransaction> own_;         // if no batch is open
  std::optional<storage::Savepoint> savepoint_;  // if one is
  OpenTransaction* transaction_;
  std::size_t undo_from_;
  bool finished_ = false;
};

/// Runs and drops the undo steps from `from` on, last first.
void undo_from(OpenTransaction& transaction, std::size_t from) noexcept;

/// Commits the rows and tells the scope the new revision.
Revision finish(OpenTransaction& transaction);

}  // namespace paramstore
