// Several sets of parameters in one store.
//
//   {
//     auto guard = store.scope("fold-1");        // in this block this thread sees fold-1's parameters only
//     auto w = store.setdefault("w", torch::zeros({3}));
//   }
//   auto again = store.scope("fold-1");          // the same leaves as before
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "paramstore/export.h"

namespace paramstore {

struct ScopeState;
class StoreCore;
struct StateDict;

/// A handle to a scope. Cheap to copy. An unnamed scope lives as long as any handle or guard of it.
class PARAMSTORE_EXPORT Scope {
 public:
  /// Empty for a scope without a name.
  const std::string& name() const noexcept;
  bool anonymous() const noexcept { return name().empty(); }

  friend bool operator==(const Scope& a, const Scope& b) noexcept { return a.state_ == b.state_; }
  friend bool operator!=(const Scope& a, const Scope& b) noexcept { return !(a == b); }

 private:
  friend class StoreCore;
  friend class ScopeGuard;
  explicit Scope(std::shared_ptr<ScopeState> state) noexcept : state_(std::move(state)) {}
  std::shared_ptr<ScopeState> state_;
};

/// Makes a scope active for the thread that created the guard; when the guard ends, the previous scope is active again.
/// Guards nest. Ending one commits nothing: in-place changes wait for a commit made inside the scope, or for the
/// store's `close`.
class PARAMSTORE_EXPORT ScopeGuard {
 public:
  ScopeGuard(ScopeGuard&& other) noexcept;
  ScopeGuard& operator=(ScopeGuard&&) = delete;
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;
  /// Call on the thread that created the guard. If it was created with a StateDict, that now gets the scope's state,
  /// unless an exception is unwinding or the store has been closed meanwhile.
  ~ScopeGuard();

  /// The active scope's handle, to enter it again later.
  Scope scope() const { return Scope(state_); }

 private:
  friend class StoreCore;
  ScopeGuard(std::shared_ptr<StoreCore> store, std::shared_ptr<ScopeState> state, StateDict* result);

  std::shared_ptr<StoreCore> store_;  // null after a move
  std::shared_ptr<ScopeState> state_;
  StateDict* result_;
  int exceptions_;
  std::uint64_t entry_;  // among those of its thread
};

}  // namespace paramstore
