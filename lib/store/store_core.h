// What a ParamStore, its scopes, guards, batches and ranges have in common.
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

#include "lib/store/mutex.h"
#include "lib/store/open_batch.h"
#include "lib/store/scope_state.h"
#include "paramstore/param_store.h"
#include "paramstore/storage/database.h"

namespace paramstore {

/// Owns the database, the scopes (what is in memory is theirs: ScopeState), the open batch, and the mutex that guards all of
/// it. Every ParamStore has one; guards and ranges keep it alive.
///
/// A thread takes the mutex, in a StoreLock, for as long as it looks at or changes what is guarded, and never runs user code
/// under it. A batch does not hold the mutex: it claims the store for its thread, and the StoreLocks of other threads wait
/// until it has ended. In memory they can look meanwhile.
class StoreCore : public std::enable_shared_from_this<StoreCore> {
 public:
  StoreCore(storage::Database opened, StoreOptions opened_with);
  ~StoreCore();

  const StoreOptions options;

  // ---- Scopes ----------------------------------------------------------------------------------------

  /// The store's own.
  ScopeState& main() const noexcept { return *main_; }

  /// The scope that is active for this thread. Throws Error where the store is closed.
  ScopeState& active() PARAMSTORE_EXCLUDES(store_mutex);

  /// What calls on the store begin with: `active()`, which is committed first where commit_every says so. Not for
  /// calls that settle what a commit would stumble over.
  ScopeState& enter() PARAMSTORE_EXCLUDES(store_mutex);

  /// Throws Error where the scope's file was opened read-only.
  void require_writable(const ScopeState& scope) const PARAMSTORE_REQUIRES(store_mutex);

  /// Whether the scope is one of this store's.
  bool owns(const ScopeState& scope) const noexcept { return scope.owner == this; }

  /// A new one, gone with its last handle.
  std::shared_ptr<ScopeState> anonymous_scope() PARAMSTORE_REQUIRES(store_mutex);
  /// The scope of that name, made where there is none.
  std::shared_ptr<ScopeState> named_scope(std::string_view name) PARAMSTORE_REQUIRES(store_mutex);
  std::vector<std::string> scope_names() PARAMSTORE_REQUIRES(store_mutex);
  /// The file of the scope `name`, for a moment.
  std::shared_ptr<storage::StoreFile> scope_file(std::string_view name) PARAMSTORE_REQUIRES(store_mutex);
  bool drop_scope(std::string_view name) PARAMSTORE_REQUIRES(store_mutex);
  /// All that are in memory.
  std::vector<std::shared_ptr<ScopeState>> scopes() const PARAMSTORE_REQUIRES(store_mutex);

  ScopeGuard enter_scope(std::shared_ptr<ScopeState> scope, StateDict* result);
  static const std::shared_ptr<ScopeState>& state_of(const Scope& scope) { return scope.state_; }

  // ---- Batches ---------------------------------------------------------------------------------------

  /// The open batch, which is the calling thread's; null where there is none.
  OpenBatch* open_batch() const PARAMSTORE_REQUIRES(store_mutex) { return batch_.get(); }
  /// Whether one is open, and this thread has opened it.
  bool in_own_batch() const noexcept { return batch_thread_.load() == std::this_thread::get_id(); }

  /// Opens a batch on the active scope for this thread.
  void begin_batch() PARAMSTORE_EXCLUDES(store_mutex);
  /// Ends the open batch: all of it in the file, with the step and the message given, or all of it undone.
  Revision commit_batch(const storage::CommitInfo& info) PARAMSTORE_EXCLUDES(store_mutex);
  void drop_batch() noexcept PARAMSTORE_EXCLUDES(store_mutex);

  // ---- The end ---------------------------------------------------------------------------------------

  bool closed() const noexcept { return closed_; }

  /// Commits every scope and lets go of the files. Where a scope cannot be committed: commits the others, throws the
  /// first failure and lets go of nothing.
  void close() PARAMSTORE_EXCLUDES(store_mutex);

  /// What the end of a ParamStore does: closes, and tells LibTorch's warning handler where that fails. Commits
  /// nothing while an exception is unwinding that was not on its way when the store was opened.
  void end() noexcept PARAMSTORE_EXCLUDES(store_mutex);

  // ---- What is noted for later -----------------------------------------------------------------------

  /// Whether on_mismatch is to warn of this parameter: true the first time.
  bool first_mismatch(const ScopeState& scope, std::string_view name);

  /// Notes a query, which may have rows to come. `end` makes it let go of the files; it is called on whatever thread
  /// closes the store.
  void note_query(const void* query, std::function<void()> end);
  void forget_query(const void* query) noexcept;

 private:
  friend class StoreLock;
  struct Failure {
    std::string path;  // of the scope
    std::exception_ptr error;
  };

  /// Takes the mutex while no batch of another thread is open.
  void lock() PARAMSTORE_ACQUIRE(store_mutex);
  /// Throws Error where the store is closed or the scope dropped.
  void require_open(const ScopeState& scope) const PARAMSTORE_REQUIRES(store_mutex);

  /// A handle-counted state whose end, on whatever thread, is safe.
  std::shared_ptr<ScopeState> make_scope(std::string name, std::shared_ptr<storage::StoreFile> file)
      PARAMSTORE_REQUIRES(store_mutex);
  /// Gives a named scope its file again, where a failed drop_scope has taken it.
  void reattach(ScopeState& scope) PARAMSTORE_REQUIRES(store_mutex);
  /// SQLite attaches no file while a transaction is open. Throws Error where a batch is.
  void require_attachable(const std::string& scope) const PARAMSTORE_REQUIRES(store_mutex);

  void end_batch() noexcept PARAMSTORE_REQUIRES(store_mutex);
  void undo_batch() noexcept PARAMSTORE_REQUIRES(store_mutex);

  /// Commits what is pending in the store and in every scope that has a name. Gives those that could not be committed.
  std::vector<Failure> commit_scopes() PARAMSTORE_REQUIRES(store_mutex);
  /// Forgets what is in memory and closes the files.
  void let_go() PARAMSTORE_REQUIRES(store_mutex);

  /// Taken before any scope's cache_mutex.
  StoreMutex mutex_;
  std::condition_variable_any batch_ended_;

  std::optional<storage::Database> database_ PARAMSTORE_GUARDED_BY(store_mutex);  // none once closed
  const std::shared_ptr<ScopeState> main_;
  std::map<std::string, std::shared_ptr<ScopeState>, std::less<>> named_scopes_ PARAMSTORE_GUARDED_BY(store_mutex);
  std::vector<std::weak_ptr<ScopeState>> anonymous_scopes_ PARAMSTORE_GUARDED_BY(store_mutex);
  std::unique_ptr<OpenBatch> batch_ PARAMSTORE_GUARDED_BY(store_mutex);
  std::atomic<std::thread::id> batch_thread_{};  // whose it is
  std::atomic<bool> closed_{false};

  Mutex notes_mutex_;  // taken after any other
  std::map<const void*, std::function<void()>> queries_ PARAMSTORE_GUARDED_BY(notes_mutex_);
  std::set<std::string> mismatches_ PARAMSTORE_GUARDED_BY(notes_mutex_);  // that were warned of

  const int exceptions_at_opening_;
};

/// Holds the store's mutex. Its constructor waits until no batch of another thread is open; its destructor gives the user
/// the warnings that have come up.
class PARAMSTORE_SCOPED_CAPABILITY StoreLock {
 public:
  explicit StoreLock(StoreCore& core) PARAMSTORE_ACQUIRE(store_mutex) : core_(core) { core.lock(); }
  /// For a call on `scope`. Throws Error where the store is closed or the scope dropped.
  StoreLock(StoreCore& core, const ScopeState& scope) PARAMSTORE_ACQUIRE(store_mutex);
  ~StoreLock() PARAMSTORE_RELEASE();
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

 private:
  StoreCore& core_;
};

}  // namespace paramstore
