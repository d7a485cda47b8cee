#include "paramstore/batch.h"

#include <utility>

#include "lib/store/change.h"
#include "lib/store/refresh.h"
#include "lib/store/store_core.h"
#include "paramstore/error.h"
#include "paramstore/param_store.h"

namespace paramstore {

void StoreCore::begin_batch() {
  ScopeState& scope = enter();
  auto locked = lock(scope);
  require_writable(scope);
  if (batch) throw Error("a batch is already open on '" + batch->scope->path + "' in this thread; commit it first");
  batch = std::make_unique<OpenTransaction>(scope, storage::CommitInfo{});
  try {
    // With the write lock held nobody else commits until the batch ends, so no later look is needed. The file's newest
    // revision is the batch's own already.
    take_in_changes(scope, Pending::keep);
    scope.seen = batch->rows.revision() - 1;
    scope.revision = scope.seen;
  } catch (...) {
    batch.reset();
    throw;
  }
  locked.release();  // the batch keeps the mutex until it ends
}

Revision StoreCore::commit_batch(const storage::CommitInfo& info) {
  std::unique_lock<std::recursive_mutex> locked(mutex, std::adopt_lock);
  try {
    if (info.step || info.message) batch->rows.annotate(info);
    const Revision revision = finish(*batch);
    batch.reset();
    return revision;
  } catch (...) {
    undo_from(*batch, 0);
    batch.reset();
    throw;
  }
}

void StoreCore::drop_batch() noexcept {
  if (!batch) return;
  std::unique_lock<std::recursive_mutex> locked(mutex, std::adopt_lock);
  undo_from(*batch, 0);
  batch.reset();
}

Batch ParamStore::batch() {
  core().begin_batch();
  return Batch(*this);
}

Batch::Batch(ParamStore& store) noexcept : store_(&store) {}

Batch::Batch(Batch&& other) noexcept : store_(std::exchange(other.store_, nullptr)) {}

Batch::~Batch() {
  if (store_) store_->core().drop_batch();
}

ParamStore& Batch::store() const {
  if (!store_) throw Error("this batch has ended; begin another with batch()");
  return *store_;
}

Revision Batch::commit(const CommitOptions& options) {
  ParamStore& target = store();
  store_ = nullptr;
  return target.core().commit_batch({options.step(), options.message()});
}

void Batch::set(std::string_view name, const at::Tensor& constrained_value) { store().set(name, constrained_value); }

Param Batch::setdefault(std::string_view name, const InitialValue& init, const std::optional<Constraint>& constraint) {
  return store().setdefault(name, init, constraint);
}

bool Batch::erase(std::string_view name) { return store().erase(name); }

}  // namespace paramstore
