#include "lib/store/adoption.h"

#include <c10/core/InferenceMode.h>

#include <unordered_set>
#include <utility>

#include "lib/store/leaf.h"
#include "lib/store/lookup.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

/// A parameter that changes its leaf.
struct Step {
  std::shared_ptr<ScopeState> scope;
  EntryPtr entry;
  at::Tensor leaf;         // the new one
  bool adopted;            // it is a module's tensor and takes over the old leaf's storage
  at::Tensor leaf_before;  // of the parameter
  at::Tensor data_before;  // of the new leaf
  std::int64_t stored_version_before;
};

/// Another tensor with the same storage, with a version counter of its own.
at::Tensor alias_of(const at::Tensor& tensor) {
  c10::InferenceMode ordinary(false);
  return tensor.variable_data();
}

std::vector<std::shared_ptr<ScopeState>> scopes_of(const StoreCore& core) {
  std::vector<std::shared_ptr<ScopeState>> all{core.main};
  for (const auto& [name, scope] : core.named_scopes) all.push_back(scope);
  for (const auto& weak : core.anonymous_scopes) {
    if (auto scope = weak.lock()) all.push_back(std::move(scope));
  }
  return all;
}

Step step(std::shared_ptr<ScopeState> scope, const EntryPtr& entry, at::Tensor leaf, bool adopted) {
  at::Tensor data = alias_of(leaf);
  return {std::move(scope), entry, std::move(leaf), adopted, entry->leaf, std::move(data), entry->stored_version};
}

void set_leaf(ScopeState& scope, const EntryPtr& entry, const at::Tensor& leaf) {
  std::lock_guard cache_lock(scope.cache_mutex);
  scope.cache.set_leaf(entry, leaf);
}

void make(const Step& step) {
  const bool pending = version_of(step.entry->leaf) != step.entry->stored_version;
  if (step.adopted) step.leaf.set_data(step.entry->leaf);
  set_leaf(*step.scope, step.entry, step.leaf);
  step.entry->stored_version = pending ? -1 : version_of(step.leaf);
}

void take_back(const Step& step) {
  if (step.adopted) step.leaf.set_data(step.data_before);
  // Outside the batch's own scope, others' changes may have been picked up since.
  const EntryPtr now = step.scope->cache.find(step.entry->record.name);
  if (!now || !now->leaf.is_same(step.leaf)) return;
  const bool pending = version_of(step.leaf) != now->stored_version;
  set_leaf(*step.scope, now, step.leaf_before);
  now->stored_version = pending ? -1 : now == step.entry ? step.stored_version_before : version_of(step.leaf_before);
}

}  // namespace

void require_exchangeable(const ScopeState& scope, const Update& update) {
  const at::Tensor& leaf = update.entry->leaf;
  const std::string& name = update.entry->record.name;
  require_supported(leaf, name, scope.path);
  require_supported(update.tensor, name, scope.path);
  require_not_inference(update.tensor, name, scope.path);
  if (leaf.device() == update.tensor.device()) return;
  throw Error("module: parameter '" + name + "'" + of_file(scope.path) + " is on " + leaf.device().str() +
              " and the module's tensor on " + update.tensor.device().str() +
              "; move the module there first, or leave update_module_params off");
}

std::function<void()> exchange(StoreCore& core, ScopeState& scope, const std::vector<Update>& updates) {
  if (updates.empty()) return [] {};
  std::unordered_set<const c10::TensorImpl*> tensors;
  for (const Update& update : updates) tensors.insert(update.tensor.unsafeGetTensorImpl());

  // First remove every leaf that moves: two parameters may swap leaves.
  const auto steps = std::make_shared<std::vector<Step>>();
  for (const auto& each : scopes_of(core)) {
    for (const auto& [id, entry] : each->cache.in_order()) {
      if (!entry->leaf.defined() || tensors.count(entry->leaf.unsafeGetTensorImpl()) == 0) continue;
      steps->push_back(step(each, entry, as_leaf(alias_of(entry->leaf)), false));
    }
  }
  for (const Update& update : updates) {
    steps->push_back(step(scope.shared_from_this(), update.entry, update.tensor, true));
  }
  std::size_t made = 0;
  const auto undo = [steps](std::size_t count) {
    while (count > 0) take_back((*steps)[--count]);
  };
  try {
    for (; made < steps->size(); ++made) make((*steps)[made]);
  } catch (...) {  // out of memory in the middle of a step
    undo(made + 1);
    throw;
  }
  return [undo, made] { undo(made); };
}

}  // namespace paramstore
