// Scopes: entering, leaving, naming and dropping them.
#include "paramstore/scope.h"

#include <exception>
#include <string>
#include <utility>

#include "lib/store/active_scope.h"
#include "lib/store/state.h"
#include "lib/store/store_core.h"
#include "lib/store/warning.h"
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
  store_->guard_begins();
}

ScopeGuard::ScopeGuard(ScopeGuard&& other) noexcept
    : store_(std::move(other.store_)),
      state_(std::move(other.state_)),
      result_(other.result_),
      exceptions_(other.exceptions_),
      entry_(other.entry_) {}

ScopeGuard::~ScopeGuard() {
  if (!store_) return;
  if (result_ && !store_->closed() && std::uncaught_exceptions() <= exceptions_) {
    try {
      const StoreLock locked(*store_, *state_);
      *result_ = state_of_scope(*state_);
    } catch (const std::exception& error) {
      try {
        warn("leaving a scope of '" + store_->main().path + "': its state could not be read back: " + error.what());
      } catch (...) {
        // No memory, or the failure of the user's handler of warnings: a destructor can pass it on to nobody.
      }
    }
  }
  pop_active_scope(entry_);
  --state_->guards;
  store_->guard_ends();
}

ScopeGuard StoreCore::enter_scope(std::shared_ptr<ScopeState> scope, StateDict* result) {
  return ScopeGuard(shared_from_this(), std::move(scope), result);
}

ScopeGuard ParamStore::scope() {
  StoreCore& store = core();
  const StoreLock locked(store, store.enter());
  return store.enter_scope(store.anonymous_scope(), nullptr);
}

ScopeGuard ParamStore::scope(const Scope& scope) {
  StoreCore& store = core();
  const auto& state = StoreCore::state_of(scope);
  if (!store.owns(*state)) {
    throw Error("the scope entered belongs to '" + state->path + "', not to the store '" + store.main().path +
                "'; enter it on its own store");
  }
  const StoreLock locked(store, *state);
  return store.enter_scope(state, nullptr);
}

ScopeGuard ParamStore::scope(std::string_view name) {
  StoreCore& store = core();
  const StoreLock locked(store, store.enter());
  return store.enter_scope(store.named_scope(name), nullptr);
}

ScopeGuard ParamStore::scope(StateDict& state) {
  StoreCore& store = core();
  const StoreLock locked(store, store.enter());
  auto fresh = store.anonymous_scope();
  set_state_of_scope(store, *fresh, state);
  return store.enter_scope(std::move(fresh), &state);
}

std::vector<std::string> ParamStore::scopes() const {
  StoreCore& store = core();
  const StoreLock locked(store, store.enter());
  return store.scope_names();
}

bool ParamStore::drop_scope(std::string_view name) {
  StoreCore& store = core();
  const StoreLock locked(store, store.enter());
  return store.drop_scope(name);
}

}  // namespace paramstore
