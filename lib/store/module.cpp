// ParamStore::module: a module's parameters as the store's.
#include <torch/nn/module.h>

#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "lib/store/adoption.h"
#include "lib/store/apply.h"
#include "lib/store/change.h"
#include "lib/store/leaf.h"
#include "lib/store/lookup.h"
#include "lib/store/mismatch.h"
#include "lib/store/refresh.h"
#include "lib/store/warning.h"
#include "lib/store/write_through.h"
#include "paramstore/error.h"
#include "paramstore/param_name.h"
#include "paramstore/param_store.h"

namespace paramstore {
namespace {

struct Addition {
  std::string name;
  at::Tensor tensor;
};

}  // namespace

void ParamStore::module(std::string_view name, torch::nn::Module& nn_module, bool update_module_params) {
  if (name.find("$$$") != std::string_view::npos) {
    throw Error("module: '" + std::string(name) +
                "' contains \"$$$\", which separates a module's name from its parameters' names; choose another name");
  }
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  const StoreLock locked(store, scope);

  std::vector<Addition> additions;
  std::vector<Update> updates;
  std::unordered_set<const c10::TensorImpl*> seen;
  ModuleContents contents(store, scope, name);
  // Compare the module's parameters with one commit of the file, and check them all before changing anything.
  std::optional<storage::ReadTransaction> snapshot(std::in_place, *scope.file);
  take_in_changes(scope, Pending::keep);
  for (const auto& item : nn_module.named_parameters()) {
    const at::Tensor& tensor = item.value();
    if (!tensor.defined()) continue;
    // A tied weight has one parameter, as in Pyro, under the first of its names: an optimizer over two would take two
    // steps.
    if (!seen.insert(tensor.unsafeGetTensorImpl()).second) continue;
    if (!tensor.requires_grad()) {
      if (nn_module.is_training()) {
        warn("'" + item.key() + "' of the module '" + std::string(name) +
             "' is not registered in the store, because it does not require gradients; module->eval() silences this");
      }
      continue;
    }
    std::string full_name = param_with_module_name(name, item.key());
    EntryPtr entry = find_entry(scope, full_name);
    if (entry) entry = load_leaf(scope, entry);
    if (!entry) {
      require_adoptable(tensor, full_name, scope.path);
      additions.push_back({std::move(full_name), tensor});
      continue;
    }
    check_mismatch(store, scope, full_name, {entry->leaf.sizes(), entry->leaf.scalar_type(), entry->constraint}, tensor,
                   std::nullopt);
    if (!update_module_params) {
      contents.check(full_name, entry->leaf, tensor);
      continue;
    }
    if (entry->leaf.is_same(tensor)) continue;
    updates.push_back({std::move(entry), tensor});
    require_exchangeable(scope, updates.back());
  }
  snapshot.reset();

  // An exchange alone does not change the file; a batch undoes it with the rest.
  if (additions.empty() && !store.open_batch()) {
    Effects effects;
    effects.exchanges = plan_exchanges(store, scope, updates);
    apply(scope, std::move(effects));
    return;
  }
  if (additions.empty() && updates.empty()) return;
  Change change(store, scope);
  for (const Addition& addition : additions) insert_param(change, addition.name, constraints::real, addition.tensor);
  change.effects().exchanges = plan_exchanges(store, scope, updates);
  change.commit();
}

}  // namespace paramstore
