#include "lib/store/store_core.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "lib/storage/sync.h"
#include "lib/store/active_scope.h"
#include "lib/store/commit.h"
#include "lib/store/refresh.h"
#include "lib/store/warning.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

/// The store's own file, which lives in the database, as a handle like a scope's.
std::shared_ptr<storage::StoreFile> unowned(storage::StoreFile& file) { return {std::shared_ptr<void>(), &file}; }

}  // namespace

StoreCore::StoreCore(storage::Database opened, StoreOptions opened_with)
    : options(std::move(opened_with)),
      database_(std::move(opened)),
      main_(std::make_shared<ScopeState>(this, "", unowned(database_->main()))),
      exceptions_at_opening_(std::uncaught_exceptions()) {
  const StoreLock locked(*this);
  look(*main_);
}

StoreCore::~StoreCore() = default;

// ---- The mutex ---------------------------------------------------------------------------------------

void StoreCore::lock() {
  mutex_.lock();
  batch_ended_.wait(mutex_, [this] { return batch_thread_.load() == std::thread::id() || in_own_batch(); });
}

void StoreCore::require_open(const ScopeState& scope) const {
  if (closed_) throw Error("the store '" + main_->path + "' is closed; open it again");
  if (!scope.file)
    throw Error("the scope '" + scope.name + "' of '" + main_->path +
                "' has been dropped; enter it by name to make it anew");
}

StoreLock::StoreLock(StoreCore& core, const ScopeState& scope) : core_(core) {
  core.lock();
  try {
    core.require_open(scope);
  } catch (...) {
    core.mutex_.unlock();
    throw;
  }
}

StoreLock::~StoreLock() {
  core_.mutex_.unlock();
  give_deferred_warnings();
}

// ---- Scopes ------------------------------------------------------------------------------------------

ScopeState& StoreCore::active() {
  if (closed_.load(std::memory_order_relaxed)) throw Error("the store '" + main_->path + "' is closed; open it again");
  ScopeState* scope = active_scope(this);
  return scope ? *scope : *main_;
}

ScopeState& StoreCore::enter() {
  ScopeState& scope = active();
  if (options.commit_every() > std::chrono::nanoseconds::zero() && commit_is_due(scope, options.commit_every())) {
    const StoreLock locked(*this, scope);
    if (!batch_ && !scope.file->read_only()) commit_changes(*this, scope, {});
  }
  return scope;
}

void StoreCore::require_writable(const ScopeState& scope) const {
  if (scope.file->read_only()) {
    throw Error("the store '" + scope.path +
                "' was opened read-only; open it without StoreOptions().read_only(true) to change it");
  }
}

std::shared_ptr<ScopeState> StoreCore::make_scope(std::string name, std::shared_ptr<storage::StoreFile> file) {
  // The last handle may be dropped on any thread, and the file with it. The file belongs to the database, so take the
  // mutex, unless that thread is in a call that holds it already.
  auto state = std::shared_ptr<ScopeState>(new ScopeState(this, std::move(name), std::move(file)),
                                           [core = weak_from_this()](ScopeState* scope) {
                                             const auto alive = core.lock();
                                             if (!alive || alive->mutex_.held_by_this_thread()) {
                                               delete scope;
                                             } else {
                                               alive->mutex_.lock();
                                               delete scope;
                                               alive->mutex_.unlock();
                                             }
                                           });
  look(*state);
  return state;
}

void StoreCore::require_attachable(const std::string& scope) const {
  if (!batch_) return;
  throw Error("a batch is open on '" + batch_->scope->path + "'; commit it before entering " + scope +
              ", whose file cannot be attached while a transaction is open");
}

std::shared_ptr<ScopeState> StoreCore::anonymous_scope() {
  require_attachable("a new scope of '" + main_->path + "'");
  auto state = make_scope("", database_->anonymous_scope());
  anonymous_scopes_.erase(std::remove_if(anonymous_scopes_.begin(), anonymous_scopes_.end(),
                                         [](const auto& weak) { return weak.expired(); }),
                          anonymous_scopes_.end());
  anonymous_scopes_.push_back(state);
  return state;
}

void StoreCore::reattach(ScopeState& scope) {
  if (scope.file) return;
  scope.file = database_->scope(scope.name);
  scope.change_counter = -1;  // others may have changed it meanwhile
}

std::shared_ptr<ScopeState> StoreCore::named_scope(std::string_view name) {
  auto found = named_scopes_.find(name);
  if (found == named_scopes_.end() || !found->second->file) {
    require_attachable("the scope '" + std::string(name) + "' of '" + main_->path + "'");
  }
  if (found == named_scopes_.end()) {
    auto state = make_scope(std::string(name), database_->scope(name));
    found = named_scopes_.emplace(name, std::move(state)).first;
  }
  reattach(*found->second);
  return found->second;
}

std::vector<std::string> StoreCore::scope_names() { return database_->scope_names(); }

std::shared_ptr<storage::StoreFile> StoreCore::scope_file(std::string_view name) { return database_->scope(name); }

bool StoreCore::drop_scope(std::string_view name) {
  require_writable(*main_);
  if (batch_) {
    throw Error("a batch is open on '" + batch_->scope->path + "'; commit it before dropping the scope '" +
                std::string(name) + "'");
  }
  const auto found = named_scopes_.find(name);
  if (found == named_scopes_.end()) return database_->drop_scope(name);

  ScopeState& scope = *found->second;
  if (scope.guards > 0) {
    throw Error("the scope '" + std::string(name) + "' of '" + main_->path +
                "' is in use; end its guards before dropping it");
  }
  scope.file.reset();
  const auto forget = [&]() PARAMSTORE_REQUIRES(store_mutex) {
    {
      MutexLock cache_lock(scope.cache_mutex);
      scope.changing_cache().clear();
    }
    named_scopes_.erase(found);
  };
  const auto restore = [&]() PARAMSTORE_REQUIRES(store_mutex) {
    try {
      reattach(scope);
    } catch (const std::exception&) {
      // The scope gets its file when it is entered again.
    }
  };
  bool dropped = false;
  try {
    dropped = database_->drop_scope(name);
  } catch (const StorageError& error) {
    storage::is_complete(error) ? forget() : restore();
    throw;
  } catch (...) {
    restore();
    throw;
  }
  forget();
  return dropped;
}

std::vector<std::shared_ptr<ScopeState>> StoreCore::scopes() const {
  std::vector<std::shared_ptr<ScopeState>> all{main_};
  for (const auto& [name, scope] : named_scopes_) all.push_back(scope);
  for (const auto& weak : anonymous_scopes_) {
    if (auto scope = weak.lock()) all.push_back(std::move(scope));
  }
  return all;
}

// ---- Batches -----------------------------------------------------------------------------------------

void StoreCore::begin_batch() {
  ScopeState& scope = enter();
  const StoreLock locked(*this, scope);
  require_writable(scope);
  if (batch_) throw Error("a batch is already open on '" + batch_->scope->path + "' in this thread; commit it first");
  auto opened = std::make_unique<OpenBatch>(scope);
  // With the write lock held nobody else commits until the batch ends, so this is the last look it needs. The
  // file's newest revision is the batch's own already.
  take_in_changes(scope, Pending::keep);
  scope.seen = opened->rows.revision() - 1;
  scope.revision = scope.seen;
  scope.in_batch = true;
  batch_ = std::move(opened);
  batch_thread_ = std::this_thread::get_id();
}

Revision StoreCore::commit_batch(const storage::CommitInfo& info) {
  mutex_.lock();
  try {
    if (info.step || info.message) batch_->rows.annotate(info);
    const Revision revision = batch_->rows.commit();
    batch_->scope->revision = revision;
    batch_->reversal.settle(*batch_->scope);
    end_batch();
    mutex_.unlock();
    give_deferred_warnings();
    return revision;
  } catch (...) {
    undo_batch();
    mutex_.unlock();
    give_deferred_warnings();
    throw;
  }
}

void StoreCore::drop_batch() noexcept {
  mutex_.lock();
  if (batch_) undo_batch();
  mutex_.unlock();
  give_deferred_warnings();
}

void StoreCore::undo_batch() noexcept {
  batch_->reversal.go_back(*batch_->scope);
  end_batch();
}

void StoreCore::end_batch() noexcept {
  batch_->scope->in_batch = false;
  batch_.reset();  // rolls back what was not committed
  batch_thread_ = std::thread::id();
  batch_ended_.notify_all();
}

// ---- The end -----------------------------------------------------------------------------------------

void StoreCore::close() {
  const StoreLock locked(*this);
  if (closed_) return;
  if (batch_) throw Error("the store '" + main_->path + "' has an open batch; commit or drop it before closing");
  const auto failures = commit_scopes();
  if (!failures.empty()) std::rethrow_exception(failures.front().error);
  let_go();
}

std::vector<StoreCore::Failure> StoreCore::commit_scopes() {
  std::vector<Failure> failures;
  if (main_->file->read_only()) return failures;
  std::vector<std::shared_ptr<ScopeState>> all{main_};
  for (auto& [name, scope] : named_scopes_) all.push_back(scope);
  for (const auto& scope : all) {
    try {
      reattach(*scope);
      commit_changes(*this, *scope, {});
    } catch (...) {
      failures.push_back({scope->path, std::current_exception()});
    }
  }
  return failures;
}

void StoreCore::end() noexcept {
  const StoreLock locked(*this);
  if (closed_) return;
  if (batch_) undo_batch();
  if (std::uncaught_exceptions() <= exceptions_at_opening_) {
    for (const auto& [path, error] : commit_scopes()) {
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& thrown) {
        warn("closing the store '" + path + "': pending changes were not written: " + thrown.what());
      }
    }
  }
  let_go();
}

void StoreCore::let_go() {
  // First: the last connection to a file must be one that can checkpoint the -wal.
  std::map<const void*, std::function<void()>> queries;
  {
    MutexLock notes_lock(notes_mutex_);
    queries.swap(queries_);
  }
  for (const auto& [query, end] : queries) end();
  const auto all = scopes();
  closed_ = true;
  named_scopes_.clear();
  for (auto& scope : all) {
    scope->file.reset();
    MutexLock cache_lock(scope->cache_mutex);
    scope->changing_cache().clear();
  }
  database_.reset();
}

// ---- Notes -------------------------------------------------------------------------------------------

bool StoreCore::first_mismatch(const ScopeState& scope, std::string_view name) {
  MutexLock notes_lock(notes_mutex_);
  return mismatches_.insert(scope.path + '\0' + std::string(name)).second;
}

bool StoreCore::mismatch_known(const ScopeState& scope, std::string_view name) {
  MutexLock notes_lock(notes_mutex_);
  return mismatches_.count(scope.path + '\0' + std::string(name)) != 0;
}

void StoreCore::note_query(const void* query, std::function<void()> end) {
  MutexLock notes_lock(notes_mutex_);
  queries_.emplace(query, std::move(end));
}

void StoreCore::forget_query(const void* query) noexcept {
  MutexLock notes_lock(notes_mutex_);
  queries_.erase(query);
}

}  // namespace paramstore
