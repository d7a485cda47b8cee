#include "lib/store/active_scope.h"

#include <algorithm>
#include <vector>

namespace paramstore {
namespace {

struct Active {
  std::uint64_t entry;
  const StoreCore* store;
  ScopeState* scope;  // kept alive by the guard that entered it
};

thread_local std::vector<Active> active_scopes;  // innermost last
thread_local std::uint64_t last_entry = 0;

}  // namespace

ScopeState* active_scope(const StoreCore* store) noexcept {
  auto found = std::find_if(active_scopes.rbegin(), active_scopes.rend(),
                            [&](const Active& active) { return active.store == store; });
  return found == active_scopes.rend() ? nullptr : found->scope;
}

std::uint64_t push_active_scope(const StoreCore* store, ScopeState* scope) {
  active_scopes.push_back({++last_entry, store, scope});
  return last_entry;
}

void pop_active_scope(std::uint64_t entry) noexcept {
  const auto found = std::find_if(active_scopes.begin(), active_scopes.end(),
                                  [&](const Active& active) { return active.entry == entry; });
  if (found != active_scopes.end()) active_scopes.erase(found);
}

}  // namespace paramstore
