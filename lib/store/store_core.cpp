#include "lib/store/store_core.h"

#include <c10/util/Exception.h>

#include <chrono>
#include <exception>
#include <utility>

#include "lib/store/active_scope.h"
#include "lib/store/commit.h"
#include "lib/store/refresh.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

/// The store's own file, which lives in the database, as a handle like a scope's.
std::shared_ptr<storage::StoreFile> unowned(storage::StoreFile& file) { return {std::shared_ptr<void>(), &file}; }

}  // namespace

StoreCore::StoreCore(storage::Database opened, StoreOptions opened_with)
    : options(std::move(opened_with)),
      database(std::move(opened)),
      main(std::make_shared<ScopeState>(this, "", unowned(database->main()))),
      exceptions_at_opening_(std::uncaught_exceptions()) {
  look(*main);
}

StoreCore::~StoreCore() = default;

ScopeState& StoreCore::active() {
  if (closed.load(std::memory_order_relaxed)) throw Error("the store '" + main->path + "' is closed; open it again");
  ScopeState* scope = active_scope(this);
  return scope ? *scope : *main;
}

ScopeState& StoreCore::enter() {
  ScopeState& scope = active();
  if (options.commit_every() > std::chrono::nanoseconds::zero() && commit_is_due(scope, options.commit_every())) {
    auto locked = lock(scope);
    if (!batch && !scope.file->read_only()) commit_changes(*this, scope, {});
  }
  return scope;
}

std::unique_lock<std::recursive_mutex> StoreCore::lock(const ScopeState& scope) {
  std::unique_lock<std::recursive_mutex> locked(mutex);
  if (closed) throw Error("the store '" + main->path + "' is closed; open it again");
  if (!scope.file)
    throw Error("the scope '" + scope.name + "' of '" + main->path +
                "' has been dropped; enter it by name to make it anew");
  return locked;
}

void StoreCore::require_writable(const ScopeState& scope) const {
  if (scope.file->read_only()) {
    throw Error("the store '" + scope.path +
                "' was opened read-only; open it without StoreOptions().read_only(true) to change it");
  }
}

std::shared_ptr<ScopeState> StoreCore::make_scope(std::string name, std::shared_ptr<storage::StoreFile> file) {
  // The last handle may be dropped on any thread, and the file with it. The file belongs to the database, so take the
  // mutex.
  auto state = std::shared_ptr<ScopeState>(new ScopeState(this, std::move(name), std::move(file)),
                                           [core = weak_from_this()](ScopeState* scope) {
                                             if (auto alive = core.lock()) {
                                               std::lock_guard lock(alive->mutex);
                                               delete scope;
                                             } else {
                                               delete scope;
                                             }
                                           });
  look(*state);
  return state;
}

void StoreCore::close() {
  std::lock_guard lock(mutex);
  if (closed) return;
  if (batch) throw Error("the store '" + main->path + "' has an open batch; commit or drop it before closing");
  const auto failures = commit_scopes();
  if (!failures.empty()) std::rethrow_exception(failures.front().error);
  let_go();
}

std::vector<StoreCore::Failure> StoreCore::commit_scopes() {
  std::vector<Failure> failures;
  if (main->file->read_only()) return failures;
  const auto commit = [&](ScopeState& scope) {
    try {
      reattach(scope);
      commit_changes(*this, scope, {});
    } catch (...) {
      failures.push_back({scope.path, std::current_exception()});
    }
  };
  commit(*main);
  for (auto& [name, scope] : named_scopes) commit(*scope);
  return failures;
}

void StoreCore::end() noexcept {
  std::lock_guard lock(mutex);
  if (closed) return;
  drop_batch();
  if (std::uncaught_exceptions() <= exceptions_at_opening_) {
    for (const auto& [path, error] : commit_scopes()) {
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& thrown) {
        TORCH_WARN("closing the store '", path, "': pending changes were not written: ", thrown.what());
      }
    }
  }
  let_go();
}

void StoreCore::note_query(const void* query, std::function<void()> end) {
  std::lock_guard queries_lock(queries_mutex_);
  queries_.emplace(query, std::move(end));
}

void StoreCore::forget_query(const void* query) noexcept {
  std::lock_guard queries_lock(queries_mutex_);
  queries_.erase(query);
}

void StoreCore::let_go() {
  // First: the last connection to a file must be one that can checkpoint the -wal.
  std::map<const void*, std::function<void()>> queries;
  {
    std::lock_guard queries_lock(queries_mutex_);
    queries.swap(queries_);
  }
  for (const auto& [query, end] : queries) end();
  std::vector<std::shared_ptr<ScopeState>> all{main};
  for (auto& [name, scope] : named_scopes) all.push_back(scope);
  for (auto& weak : anonymous_scopes) {
    if (auto scope = weak.lock()) all.push_back(scope);
  }
  closed = true;
  named_scopes.clear();
  for (auto& scope : all) {
    scope->file.reset();
    std::lock_guard cache_lock(scope->cache_mutex);
    scope->cache.clear();
  }
  database.reset();
}

}  // namespace paramstore
