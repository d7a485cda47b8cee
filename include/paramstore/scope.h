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

/// A handle to a scope. Cheap to copy. A scope without a name lives as long as a handle or a guard of it.
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

/// Makes a scope the active one for the thread that made it, and the one before active again when it ends. Guards
/// nest. Nothing is committed when one ends: what was changed in place waits in the scope for a commit made inside
/// it, or for the store's `close`.
class PARAMSTORE_EXPORT ScopeGuard {
 public:
  ScopeGuard(ScopeGuard&& other) noexcept;
  ScopeGuard& operator=(ScopeGuard&&) = delete;
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;
  /// On the thread that made it. Where it was made with a StateDict, that now gets the scope's state, unless an
  /// exception is unwinding, or the store has been closed meanwhile, which has forgotten what the scope held.
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
