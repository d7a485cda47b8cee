#include "lib/store/adoption.h"

#include <c10/core/InferenceMode.h>

#include <unordered_set>
#include <utility>

#include "lib/store/leaf.h"
#include "lib/store/lookup.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

/// Another tensor with the same storage, with a version counter of its own.
at::Tensor alias_of(const at::Tensor& tensor) {
  c10::InferenceMode ordinary(false);
  return tensor.variable_data();
}

LeafExchange exchange(std::shared_ptr<ScopeState> scope, const EntryPtr& entry, at::Tensor leaf, bool adopted) {
  at::Tensor data = alias_of(leaf);
  return {std::move(scope), entry, std::move(leaf), adopted, entry->leaf, std::move(data), entry->stored_version};
}

void set_leaf(ScopeState& scope, const EntryPtr& entry, const at::Tensor& leaf) PARAMSTORE_REQUIRES(store_mutex) {
  MutexLock cache_lock(scope.cache_mutex);
  scope.changing_cache().set_leaf(entry, leaf);
}

}  // namespace

void make_exchange(const LeafExchange& exchange) {
  const bool pending = version_of(exchange.entry->leaf) != exchange.entry->stored_version;
  if (exchange.adopted) exchange.leaf.set_data(exchange.entry->leaf);
  set_leaf(*exchange.scope, exchange.entry, exchange.leaf);
  exchange.entry->stored_version = pending ? -1 : version_of(exchange.leaf);
}

void take_back_exchange(const LeafExchange& exchange) {
  // Outside the batch's own scope, others' changes may have been picked up since.
  const EntryPtr now = exchange.scope->cache().find(exchange.entry->record.name);
  if (now && now->leaf.is_same(exchange.leaf)) {
    const bool pending = version_of(exchange.leaf) != now->stored_version;
    set_leaf(*exchange.scope, now, exchange.leaf_before);
    now->stored_version = pending                 ? -1
                          : now == exchange.entry ? exchange.stored_version_before
                                                  : version_of(exchange.leaf_before);
  }
  // Last: until then other threads find the module's tensor as the leaf.
  if (exchange.adopted) exchange.leaf.set_data(exchange.data_before);
}

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

std::vector<LeafExchange> plan_exchanges(StoreCore& core, ScopeState& scope, const std::vector<Update>& updates) {
  std::vector<LeafExchange> planned;
  if (updates.empty()) return planned;
  std::unordered_set<const c10::TensorImpl*> tensors;
  for (const Update& update : updates) tensors.insert(update.tensor.unsafeGetTensorImpl());

  // First remove every leaf that moves: two parameters may swap leaves.
  for (const auto& each : core.scopes()) {
    for (const auto& [id, entry] : each->cache().in_order()) {
      if (!entry->leaf.defined() || tensors.count(entry->leaf.unsafeGetTensorImpl()) == 0) continue;
      planned.push_back(exchange(each, entry, as_leaf(alias_of(entry->leaf)), false));
    }
  }
  for (const Update& update : updates) {
    planned.push_back(exchange(scope.shared_from_this(), update.entry, update.tensor, true));
  }
  return planned;
}

}  // namespace paramstore
