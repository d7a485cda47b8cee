// ParamStore::module: a module's parameters as the store's.
#include <c10/util/Exception.h>
#include <torch/nn/module.h>

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "change.h"
#include "leaf.h"
#include "lookup.h"
#include "mismatch.h"
#include "paramstore/error.h"
#include "paramstore/param_name.h"
#include "paramstore/param_store.h"
#include "write_through.h"

namespace paramstore {
namespace {

struct Addition {
  std::string name;
  at::Tensor tensor;
};

struct Update {
  EntryPtr entry;
  at::Tensor tensor;  // the module's, to become the leaf
};

void require_exchangeable(const ScopeState& scope, const Update& update) {
  const at::Tensor& leaf = update.entry->leaf;
  if (leaf.device() == update.tensor.device()) return;
  throw Error("module: parameter '" + update.entry->record.name + "'" + of_file(scope.path) + " is on " +
              leaf.device().str() + " and the module's tensor on " + update.tensor.device().str() +
              "; move the module there first, or leave update_module_params off");
}

/// The module's tensor takes over the leaf's storage, and then its place.
void exchange(ScopeState& scope, const Update& update) {
  const bool pending = version_of(update.entry->leaf) != update.entry->stored_version;
  update.tensor.set_data(update.entry->leaf);
  std::lock_guard cache_lock(scope.cache_mutex);
  scope.cache.set_leaf(update.entry, update.tensor);
  update.entry->stored_version = pending ? -1 : version_of(update.tensor);
}

}  // namespace

void ParamStore::module(std::string_view name, torch::nn::Module& nn_module, bool update_module_params) {
  if (name.find("$$$") != std::string_view::npos) {
    throw Error("module: '" + std::string(name) +
                "' contains \"$$$\", which divides a module's name from its parameters'; choose another name");
  }
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  auto locked = store.lock(scope);

  std::vector<Addition> additions;
  std::vector<Update> updates;
  std::unordered_set<const c10::TensorImpl*> seen;
  for (const auto& item : nn_module.named_parameters()) {
    const at::Tensor& tensor = item.value();
    if (!tensor.defined()) continue;
    // A tied weight has one parameter, as in Pyro, under the first of its names: an optimizer over two would take two
    // steps.
    if (!seen.insert(tensor.unsafeGetTensorImpl()).second) continue;
    if (!tensor.requires_grad()) {
      if (nn_module.is_training()) {
        TORCH_WARN(
            "'", item.key(), "' of the module '", name,
            "' is not registered in the store, because it does not require gradients; module->eval() silences this");
      }
      continue;
    }
    std::string full_name = param_with_module_name(name, item.key());
    EntryPtr entry = find_entry(scope, full_name);
    if (!entry) {
      require_supported(tensor, full_name, scope.path);
      additions.push_back({std::move(full_name), tensor});
      continue;
    }
    load_leaf(scope, entry);
    entry = require_entry(scope, full_name);
    check_mismatch(store, scope, full_name, {entry->leaf.sizes(), entry->constraint}, tensor, std::nullopt);
    if (!update_module_params || entry->leaf.is_same(tensor)) continue;
    updates.push_back({std::move(entry), tensor});
    require_exchangeable(scope, updates.back());
  }

  if (!additions.empty()) {
    Change change(store, scope);
    for (const Addition& addition : additions) insert_param(change, addition.name, constraints::real, addition.tensor);
    change.commit();
  }
  for (const Update& update : updates) exchange(scope, update);
}

}  // namespace paramstore
