#include "lib/store/state.h"

#include <unordered_set>
#include <utility>

#include "lib/store/change.h"
#include "lib/store/leaf.h"
#include "lib/store/lookup.h"
#include "lib/store/write_through.h"
#include "paramstore/error.h"
#include "paramstore/param_name.h"
#include "paramstore/param_store.h"

namespace paramstore {

StateDict state_of_scope(ScopeState& scope) {
  load_all(scope);
  StateDict state;
  for (const auto& [id, entry] : scope.cache().in_order()) {
    state.params.insert(entry->record.name, entry->leaf);
    state.constraints.insert(entry->record.name, entry->constraint);
  }
  return state;
}

namespace {

const c10::StorageImpl* storage_of(const at::Tensor& tensor) { return tensor.storage().unsafeGetStorageImpl(); }

/// Copies values that live in leaves about to be overwritten: leaves are written one after another.
void copy_aliases(const ScopeState& scope, std::vector<NewParam>& params) PARAMSTORE_REQUIRES(store_mutex) {
  std::unordered_set<const c10::StorageImpl*> overwritten;
  for (const NewParam& param : params) {
    const EntryPtr entry = scope.cache().find(param.name);
    if (entry && entry->leaf.defined() && !entry->leaf.is_same(param.value))
      overwritten.insert(storage_of(entry->leaf));
  }
  for (NewParam& param : params) {
    if (overwritten.count(storage_of(param.value)) == 0) continue;
    param.value = copy_of(param.value);
    param.adopt = Adopt::yes;
  }
}

}  // namespace

void put_params(StoreCore& core, ScopeState& scope, std::vector<NewParam> params) {
  if (params.empty()) return;
  for (const NewParam& param : params) {
    require_supported(param.value, param.name, scope.path);
    find_entry(scope, param.name);  // does the necessary reads before the transaction
  }
  copy_aliases(scope, params);
  Change change(core, scope);
  for (const NewParam& param : params) {
    if (const EntryPtr entry = scope.cache().find(param.name)) {
      overwrite_param(change, entry, param.constraint, param.value, param.adopt);
    } else {
      insert_param(change, param.name, param.constraint,
                   as_leaf(param.adopt == Adopt::yes ? param.value : copy_of(param.value)));
    }
  }
  change.commit();
}

void set_state_of_scope(StoreCore& core, ScopeState& scope, const StateDict& state) {
  std::vector<NewParam> params;
  for (const auto& item : state.params) {
    const Constraint* constraint = state.constraints.find(item.key());
    if (!constraint) {
      throw Error("set_state: the parameter '" + item.key() +
                  "' has no constraint in the state; expected the same names in params and constraints");
    }
    params.push_back({item.key(), *constraint, item.value(), can_be_leaf(item.value()) ? Adopt::yes : Adopt::no});
  }
  for (const auto& item : state.constraints) {
    if (!state.params.contains(item.key())) {
      throw Error("set_state: the constraint of '" + item.key() +
                  "' has no parameter in the state; expected the same names in params and constraints");
    }
  }
  put_params(core, scope, std::move(params));
}

StateDict ParamStore::get_state() const {
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  const StoreLock locked(store, scope);
  return state_of_scope(scope);
}

void ParamStore::set_state(const StateDict& state) {
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  const StoreLock locked(store, scope);
  set_state_of_scope(store, scope, state);
}

}  // namespace paramstore
