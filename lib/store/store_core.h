// What a ParamStore, its scopes, guards, batches and ranges share.
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/store/scope_state.h"
#include "paramstore/param_store.h"
#include "paramstore/storage/database.h"

namespace paramstore {

/// A write transaction on one scope's file, and how to undo in memory what was changed with it.
struct OpenTransaction {
  OpenTransaction(ScopeState& target, const storage::CommitInfo& info)
      : scope(target.shared_from_this()), rows(*target.file, info) {}
  const std::shared_ptr<ScopeState> scope;
  storage::WriteTransaction rows;
  std::vector<std::function<void()>> undo;  // run in reverse; must not throw
};

class StoreCore : public std::enable_shared_from_this<StoreCore> {
 public:
  StoreCore(storage::Database opened, StoreOptions opened_with);
  ~StoreCore();

  /// This thread's active scope. Throws Error if the store is closed.
  ScopeState& active();

  /// Calls on the store begin with this: `active()`, committed first if commit_every is due. Not for calls that resolve
  /// what would make a commit fail.
  ScopeState& enter();

  /// Takes the store's mutex for a call on `scope`. Throws Error if the store is closed or the scope dropped.
  std::unique_lock<std::recursive_mutex> lock(const ScopeState& scope);

  /// Throws Error if the scope's file was opened read-only.
  void require_writable(const ScopeState& scope) const;

  /// A reference-counted state that may be destroyed on any thread.
  std::shared_ptr<ScopeState> make_scope(std::string name, std::shared_ptr<storage::StoreFile> file);

  std::shared_ptr<ScopeState> anonymous_scope();
  /// Throws Error if a batch is open: SQLite cannot attach a file inside a transaction.
  void require_attachable(const std::string& scope) const;
  /// Reopens a named scope's file after a failed drop_scope.
  void reattach(ScopeState& scope);
  /// Whether the scope is one of this store's.
  bool owns(const ScopeState& scope) const noexcept { return scope.owner == this; }

  ScopeGuard enter_scope(std::shared_ptr<ScopeState> scope, StateDict* result);
  static const std::shared_ptr<ScopeState>& state_of(const Scope& scope) { return scope.state_; }
  /// Opens a batch on the active scope and keeps the mutex for this thread until it ends.
  void begin_batch();
  /// Ends the open batch: writes all of it, with the given step and message, or undoes all of it.
  Revision commit_batch(const storage::CommitInfo& info);
  void drop_batch() noexcept;

  /// Commits every scope and closes the files. If a scope cannot be committed: commits the others, throws the first
  /// failure and closes nothing.
  void close();

  /// For ParamStore's destructor: closes, and warns if that fails. Commits nothing while an exception is unwinding that
  /// was not already unwinding when the store was opened.
  void end() noexcept;

  /// Registers a query that may have unread rows. `end` makes it close its files; it is called on the thread that
  /// closes the store.
  void note_query(const void* query, std::function<void()> end);
  void forget_query(const void* query) noexcept;

  const StoreOptions options;

  /// The store's mutex: the database and the scopes' files. Taken before any scope's cache_mutex. Recursive, because a
  /// batch keeps it while its thread makes more calls.
  std::recursive_mutex mutex;
  std::optional<storage::Database> database;  // none once closed
  std::shared_ptr<ScopeState> main;
  std::map<std::string, std::shared_ptr<ScopeState>> named_scopes;
  std::vector<std::weak_ptr<ScopeState>> anonymous_scopes;
  std::unique_ptr<OpenTransaction> batch;  // the open one, whose thread holds the mutex
  std::set<std::string> mismatch_told;     // names that on_mismatch has warned about
  std::atomic<bool> closed{false};

 private:
  struct Failure {
    std::string path;  // of the scope
    std::exception_ptr error;
  };
  /// Commits what is pending in the store and in every named scope. Returns those that could not be committed.
  std::vector<Failure> commit_scopes();

  /// Forgets what is in memory and closes the files.
  void let_go();

  std::mutex queries_mutex_;  // guards `queries_` only; taken last
  std::map<const void*, std::function<void()>> queries_;

  const int exceptions_at_opening_;
};

}  // namespace paramstore
