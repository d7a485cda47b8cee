#include "paramstore/batch.h"

#include <utility>

#include "lib/store/store_core.h"
#include "paramstore/error.h"
#include "paramstore/param_store.h"

namespace paramstore {

Batch ParamStore::batch() {
  core().begin_batch();
  return Batch(*this);
}

Batch::Batch(ParamStore& store) noexcept : store_(&store) {}

Batch::Batch(Batch&& other) noexcept : store_(std::exchange(other.store_, nullptr)) {}

Batch::~Batch() {
  if (store_ && store_->core_) store_->core_->drop_batch();
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
