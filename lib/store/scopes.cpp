// Scopes: entering, leaving, naming and dropping them.
#include "paramstore/scope.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "lib/store/active_scope.h"
#include "lib/store/state.h"
#include "lib/store/store_core.h"
#include "paramstore/error.h"
#include "paramstore/param_store.h"

namespace paramstore {

const std::string& Scope::name() const noexcept { return state_->name; }

ScopeGuard::ScopeGuard(std::shared_ptr<StoreCore> store, std::shared_ptr<ScopeState> state, StateDict* result)
    : store_(std::move(store)),
      state_(std::move(state)),
      result_(result),
      exceptions_(std::uncaught_exceptions()),
      entry_(push_active_scope(store_.get(), state_.get())) {
  ++state_->guards;
}

ScopeGuard::ScopeGuard(ScopeGuard&& other) noexcept
    : store_(std::move(other.store_)),
      state_(std::move(other.state_)),
      result_(other.result_),
      exceptions_(other.exceptions_),
      entry_(other.entry_) {}

ScopeGuard::~ScopeGuard() {
  if (!store_) return;
  if (result_ && !store_->closed && std::uncaught_exceptions() <= exceptions_) {
    try {
      auto locked = store_->lock(*state_);
      *result_ = state_of_scope(*state_);
    } catch (const std::exception& error) {
      TORCH_WARN("leaving a scope of '", store_->main->path, "': its state could not be read back: ", error.what());
    }
  }
  pop_active_scope(entry_);
  --state_->guards;
}

ScopeGuard StoreCore::enter_scope(std::shared_ptr<ScopeState> scope, StateDict* result) {
  return ScopeGuard(shared_from_this(), std::move(scope), result);
}

void StoreCore::reattach(ScopeState& scope) {
  if (scope.file) return;
  scope.file = database->scope(scope.name);
  scope.change_counter = -1;  // others may have changed it meanwhile
}

void StoreCore::require_attachable(const std::string& scope) const {
  if (!batch) return;
  throw Error("a batch is open on '" + batch->scope->path + "'; commit it before entering " + scope +
              ", whose file cannot be attached while a transaction is open");
}

std::shared_ptr<ScopeState> StoreCore::anonymous_scope() {
  require_attachable("a new scope of '" + main->path + "'");
  auto state = make_scope("", database->anonymous_scope());
  anonymous_scopes.erase(
      std::remove_if(anonymous_scopes.begin(), anonymous_scopes.end(), [](const auto& weak) { return weak.expired(); }),
      anonymous_scopes.end());
  anonymous_scopes.push_back(state);
  return state;
}

ScopeGuard ParamStore::scope() {
  StoreCore& store = core();
  auto locked = store.lock(store.enter());
  return store.enter_scope(store.anonymous_scope(), nullptr);
}

ScopeGuard ParamStore::scope(const Scope& scope) {
  StoreCore& store = core();
  const auto& state = StoreCore::state_of(scope);
  if (!store.owns(*state)) {
    throw Error("the scope entered belongs to '" + state->path + "', not to the store '" + store.main->path +
                "'; enter it on its own store");
  }
  auto locked = store.lock(*state);
  return store.enter_scope(state, nullptr);
}

ScopeGuard ParamStore::scope(std::string_view name) {
  StoreCore& store = core();
  auto locked = store.lock(store.enter());
  auto found = store.named_scopes.find(std::string(name));
  if (found == store.named_scopes.end() || !found->second->file) {
    store.require_attachable("the scope '" + std::string(name) + "' of '" + store.main->path + "'");
  }
  if (found == store.named_scopes.end()) {
    auto state = store.make_scope(std::string(name), store.database->scope(name));
    found = store.named_scopes.emplace(name, std::move(state)).first;
  }
  store.reattach(*found->second);
  return store.enter_scope(found->second, nullptr);
}

ScopeGuard ParamStore::scope(StateDict& state) {
  StoreCore& store = core();
  auto locked = store.lock(store.enter());
  auto fresh = store.anonymous_scope();
  set_state_of_scope(store, *fresh, state);
  return store.enter_scope(std::move(fresh), &state);
}

std::vector<std::string> ParamStore::scopes() const {
  StoreCore& store = core();
  auto locked = store.lock(store.enter());
  return store.database->scope_names();
}

bool ParamStore::drop_scope(std::string_view name) {
  StoreCore& store = core();
  auto locked = store.lock(store.enter());
  store.require_writable(*store.main);
  if (store.batch) {
    throw Error("a batch is open on '" + store.batch->scope->path + "'; commit it before dropping the scope '" +
                std::string(name) + "'");
  }
  const auto found = store.named_scopes.find(std::string(name));
  if (found == store.named_scopes.end()) return store.database->drop_scope(name);

  ScopeState& scope = *found->second;
  if (scope.guards > 0) {
    throw Error("the scope '" + std::string(name) + "' of '" + store.main->path +
                "' is in use; end its guards before dropping it");
  }
  scope.file.reset();
  bool dropped = false;
  try {
    dropped = store.database->drop_scope(name);
  } catch (...) {
    // Restore the file, at the latest when the scope is entered again.
    try {
      store.reattach(scope);
    } catch (const std::exception&) {
    }
    throw;
  }
  {
    std::lock_guard cache_lock(scope.cache_mutex);
    scope.cache.clear();
  }
  store.named_scopes.erase(found);
  return dropped;
}

}  // namespace paramstore
