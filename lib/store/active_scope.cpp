#include "active_scope.h"

#include <algorithm>
#include <vector>

namespace paramstore {
namespace {

struct Active {
  const StoreCore* store;
  ScopeState* scope;  // kept alive by the guard that entered it
};

thread_local std::vector<Active> active_scopes;  // innermost last
thread_local std::size_t active_count = 0;  // its size, for the common case of none: no destructor, so no guard to pass

}  // namespace

ScopeState* active_scope(const StoreCore* store) noexcept {
  if (active_count == 0) return nullptr;
  auto found = std::find_if(active_scopes.rbegin(), active_scopes.rend(),
                            [&](const Active& active) { return active.store == store; });
  return found == active_scopes.rend() ? nullptr : found->scope;
}

void push_active_scope(const StoreCore* store, ScopeState* scope) {
  active_scopes.push_back({store, scope});
  active_count = active_scopes.size();
}

void pop_active_scope(const StoreCore* store, const ScopeState* scope) noexcept {
  auto found = std::find_if(active_scopes.rbegin(), active_scopes.rend(),
                            [&](const Active& active) { return active.store == store && active.scope == scope; });
  if (found != active_scopes.rend()) active_scopes.erase(std::next(found).base());
  active_count = active_scopes.size();
}

}  // namespace paramstore
