// What a ParamStore, its scopes, guards, batches and ranges share.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lib/storage/fork.h"
#include "lib/store/mutex.h"
#include "lib/store/open_batch.h"
#include "lib/store/scope_state.h"
#include "paramstore/param_store.h"
#include "paramstore/storage/database.h"

namespace paramstore {

/// Owns the database, the scopes, the open batch, and the mutex that guards them. A ScopeState owns what is in memory.
/// Every ParamStore has one StoreCore; guards and ranges keep it alive.
///
/// Take the mutex with a StoreLock, and never run user code while holding it. A batch does not hold the mutex: it
/// claims the store for its thread, and the StoreLocks of other threads wait until it ends. Parameters in memory can be
/// looked up meanwhile.
class StoreCore : public std::enable_shared_from_this<StoreCore>, private storage::LeftToParent {
 public:
  StoreCore(storage::Database opened, StoreOptions opened_with);
  ~StoreCore();

  const StoreOptions options;

  // ---- Scopes ----------------------------------------------------------------------------------------

  /// The store's own.
  ScopeState& main() const noexcept { return *main_; }

  /// Throws Error in any other process than the one that opened the store. Every call begins with this, before it takes
  /// a mutex that another thread may have held when this process was forked.
  void require_opening_process() const { opened_in_.require(main_->path); }

  /// This thread's active scope. Throws Error if the store is closed, or another process's.
  ScopeState& active() PARAMSTORE_EXCLUDES(store_mutex);

  /// Calls on the store begin with this: `active()`, committed first if commit_every is due. Not for calls that resolve
  /// what would make a commit fail.
  ScopeState& enter() PARAMSTORE_EXCLUDES(store_mutex);

  /// Throws Error if the scope's file was opened read-only.
  void require_writable(const ScopeState& scope) const PARAMSTORE_REQUIRES(store_mutex);

  /// Whether the scope is one of this store's.
  bool owns(const ScopeState& scope) const noexcept { return scope.owner == this; }

  /// A new one, gone with its last handle.
  std::shared_ptr<ScopeState> anonymous_scope() PARAMSTORE_REQUIRES(store_mutex);
  /// The scope of that name; creates it if it does not exist.
  std::shared_ptr<ScopeState> named_scope(std::string_view name) PARAMSTORE_REQUIRES(store_mutex);
  std::vector<std::string> scope_names() PARAMSTORE_REQUIRES(store_mutex);
  /// The file of the scope `name`. Do not keep it: drop_scope throws while somebody holds it.
  std::shared_ptr<storage::StoreFile> scope_file(std::string_view name) PARAMSTORE_REQUIRES(store_mutex);
  bool drop_scope(std::string_view name) PARAMSTORE_REQUIRES(store_mutex);
  /// All scopes in memory.
  std::vector<std::shared_ptr<ScopeState>> scopes() const PARAMSTORE_REQUIRES(store_mutex);

  ScopeGuard enter_scope(std::shared_ptr<ScopeState> scope, StateDict* result);
  void guard_begins() noexcept { ++guards_; }
  void guard_ends() noexcept { --guards_; }
  static const std::shared_ptr<ScopeState>& state_of(const Scope& scope) { return scope.state_; }

  // ---- Batches ---------------------------------------------------------------------------------------

  /// The open batch, which belongs to the calling thread; null if none is open.
  OpenBatch* open_batch() const PARAMSTORE_REQUIRES(store_mutex) { return batch_.get(); }
  /// Whether this thread has a batch open.
  bool in_own_batch() const noexcept { return batch_thread_.load() == std::this_thread::get_id(); }

  /// Opens a batch on the active scope for this thread.
  void begin_batch() PARAMSTORE_EXCLUDES(store_mutex);
  /// Ends the open batch: writes all of it, with the given step and message, or undoes all of it.
  Revision commit_batch(const storage::CommitInfo& info) PARAMSTORE_EXCLUDES(store_mutex);
  void drop_batch() noexcept PARAMSTORE_EXCLUDES(store_mutex);

  // ---- The end ---------------------------------------------------------------------------------------

  bool closed() const noexcept { return closed_; }

  /// Commits every scope and closes the files. If a scope cannot be committed: commits the others, throws the first
  /// failure and closes nothing.
  void close() PARAMSTORE_EXCLUDES(store_mutex);

  /// For ParamStore's destructor: closes, and warns if that fails. Commits nothing while an exception is unwinding that
  /// was not already unwinding when the store was opened.
  /// In a forked child it does nothing, and the store is left to the parent.
  void end() noexcept PARAMSTORE_EXCLUDES(store_mutex);

  // ---- Notes -----------------------------------------------------------------------------------------

  /// Whether on_mismatch has not warned about this parameter yet: true the first time.
  bool first_mismatch(const ScopeState& scope, std::string_view name);
  /// Whether it has warned of it.
  bool mismatch_known(const ScopeState& scope, std::string_view name);

  /// Registers a query that may have unread rows. `end` makes it close its files; it is called on the thread that
  /// closes the store.
  void note_query(const void* query, std::function<void()> end);
  void forget_query(const void* query) noexcept;

 private:
  friend class StoreLock;
  /// Waits until no other thread has a batch open, and takes the mutex. Throws Error in another process.
  void lock() PARAMSTORE_ACQUIRE(store_mutex);
  /// Throws Error if the store is closed or the scope dropped.
  void require_open(const ScopeState& scope) const PARAMSTORE_REQUIRES(store_mutex);

  /// A reference-counted state that may be destroyed on any thread.
  std::shared_ptr<ScopeState> make_scope(std::string name, std::shared_ptr<storage::StoreFile> file)
      PARAMSTORE_REQUIRES(store_mutex);
  /// Reopens a named scope's file after a failed drop_scope.
  void reattach(ScopeState& scope) PARAMSTORE_REQUIRES(store_mutex);
  /// Throws Error if a batch is open: SQLite cannot attach a file inside a transaction.
  void require_attachable(const std::string& scope) const PARAMSTORE_REQUIRES(store_mutex);

  void end_batch() noexcept PARAMSTORE_REQUIRES(store_mutex);
  void undo_batch() noexcept PARAMSTORE_REQUIRES(store_mutex);

  /// Commits what is pending in the store and in every named scope. Calls `failed(scope, error)` for each that could not
  /// be committed. Itself allocates nothing.
  template <class Failed>
  void commit_scopes(const Failed& failed) PARAMSTORE_REQUIRES(store_mutex);
  /// Forgets what is in memory and closes the files. Allocates nothing.
  void let_go() PARAMSTORE_REQUIRES(store_mutex);

  /// Taken before any scope's cache_mutex.
  StoreMutex mutex_;
  std::condition_variable_any batch_ended_;

  std::optional<storage::Database> database_ PARAMSTORE_GUARDED_BY(store_mutex);  // none once closed
  const std::shared_ptr<ScopeState> main_;
  std::map<std::string, std::shared_ptr<ScopeState>, std::less<>> named_scopes_ PARAMSTORE_GUARDED_BY(store_mutex);
  std::vector<std::weak_ptr<ScopeState>> anonymous_scopes_ PARAMSTORE_GUARDED_BY(store_mutex);
  std::unique_ptr<OpenBatch> batch_ PARAMSTORE_GUARDED_BY(store_mutex);
  std::atomic<std::thread::id> batch_thread_{};  // the thread that opened it; none if none is open
  std::atomic<bool> closed_{false};
  std::atomic<int> guards_{0};  // of all threads. While there are none, the active scope is the store's own

  Mutex notes_mutex_;  // taken last
  std::map<const void*, std::function<void()>> queries_ PARAMSTORE_GUARDED_BY(notes_mutex_);
  std::set<std::string> mismatches_ PARAMSTORE_GUARDED_BY(notes_mutex_);  // that on_mismatch has warned about

  const storage::OpeningProcess opened_in_;
  std::shared_ptr<StoreCore> left_;  // itself, in a forked child, which must not destroy it
  const int exceptions_at_opening_;
};

/// Holds the store's mutex. The constructor waits until no other thread has a batch open. The destructor issues the
/// warnings that came up meanwhile.
class PARAMSTORE_SCOPED_CAPABILITY StoreLock {
 public:
  explicit StoreLock(StoreCore& core) PARAMSTORE_ACQUIRE(store_mutex) : core_(core) { core.lock(); }
  /// For a call on `scope`. Throws Error if the store is closed or the scope dropped.
  StoreLock(StoreCore& core, const ScopeState& scope) PARAMSTORE_ACQUIRE(store_mutex);
  ~StoreLock() PARAMSTORE_RELEASE();
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

 private:
  StoreCore& core_;
};

}  // namespace paramstore
