#include "lib/store/change.h"

#include <utility>

#include "lib/store/apply.h"
#include "paramstore/error.h"

namespace paramstore {

Change::Change(StoreCore& core, ScopeState& scope, const storage::CommitInfo& info, Extent extent)
    : scope_(scope), batch_(core.open_batch()) {
  core.require_writable(scope);
  if (!batch_) {
    own_.emplace(*scope.file, info);
    return;
  }
  if (batch_->scope.get() != &scope) {
    throw Error("a batch is open on '" + batch_->scope->path + "': a change to '" + scope.path +
                "' cannot join it, because one transaction changes one file; commit the batch first");
  }
  if (extent == Extent::one_small_insert) {
    batch_->reversal.reserve(1);  // once the row is there, nothing may fail
  } else {
    savepoint_.emplace(batch_->rows);
  }
  if (info.step || info.message) batch_->rows.annotate(info);
}

Revision Change::commit() {
  effects_.revision = rows().revision();
  if (!batch_) {
    const Revision revision = own_->commit();
    scope_.revision = revision;
    apply(scope_, std::move(effects_));
    return revision;
  }
  if (savepoint_) {
    batch_->reversal.prepare(effects_);
    savepoint_->release();
  }
  apply(scope_, std::move(effects_), &batch_->reversal);
  return batch_->rows.revision();
}

}  // namespace paramstore
