#include "lib/store/change.h"

#include <utility>

#include "paramstore/error.h"

namespace paramstore {

void undo_from(OpenTransaction& transaction, std::size_t from) noexcept {
  while (transaction.undo.size() > from) {
    transaction.undo.back()();
    transaction.undo.pop_back();
  }
}

Revision finish(OpenTransaction& transaction) {
  const Revision revision = transaction.rows.commit();
  transaction.undo.clear();
  transaction.scope->revision = revision;
  return revision;
}

Change::Change(StoreCore& core, ScopeState& scope, const storage::CommitInfo& info) {
  core.require_writable(scope);
  if (core.batch) {
    if (core.batch->scope.get() != &scope) {
      throw Error("a batch is open on '" + core.batch->scope->path + "': a change to '" + scope.path +
                  "' cannot join it, because one transaction changes one file; commit the batch first");
    }
    transaction_ = core.batch.get();
    savepoint_.emplace(transaction_->rows);
    if (info.step || info.message) transaction_->rows.annotate(info);
  } else {
    own_ = std::make_unique<OpenTransaction>(scope, info);
    transaction_ = own_.get();
  }
  undo_from_ = transaction_->undo.size();
}

Change::~Change() {
  if (!finished_) undo_from(*transaction_, undo_from_);
}

Revision Change::commit() {
  Revision revision = 0;
  if (own_) {
    revision = finish(*own_);
  } else {
    savepoint_->release();
    revision = transaction_->rows.revision();
  }
  finished_ = true;
  return revision;
}

}  // namespace paramstore
