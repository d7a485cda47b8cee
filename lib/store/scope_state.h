// One scope as a store keeps it: its file, its cache, and the commit they were last compared at.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/store/cache.h"
#include "lib/store/mutex.h"
#include "paramstore/param_store.h"
#include "paramstore/storage/database.h"

namespace paramstore {

class StoreCore;

/// Owns one file's parameters in memory. Two mutexes guard it. Hold the store's mutex to change anything here or to use
/// the file. To change the cache or its entries, also hold `cache_mutex`, always briefly, so parameters in memory can
/// be looked up while another thread commits.
struct ScopeState : std::enable_shared_from_this<ScopeState> {
  ScopeState(const StoreCore* store, std::string scope_name, std::shared_ptr<storage::StoreFile> store_file)
      : owner(store), name(std::move(scope_name)), path(store_file->path()), file(std::move(store_file)) {}

  const StoreCore* const owner;
  const std::string name;  // empty: the store itself, or an anonymous scope
  const std::string path;  // for messages
  // Null once the store is closed or the scope dropped.
  std::shared_ptr<storage::StoreFile> file PARAMSTORE_GUARDED_BY(store_mutex);
  std::atomic<int> guards{0};  // how many ScopeGuards are in it

  Mutex cache_mutex;
  /// To read the cache, hold either mutex.
  const Cache& cache() const noexcept PARAMSTORE_REQUIRES(store_mutex) { return cache_; }
  const Cache& cache_in_passing() const noexcept PARAMSTORE_REQUIRES(cache_mutex) { return cache_; }
  Cache& changing_cache() noexcept PARAMSTORE_REQUIRES(store_mutex, cache_mutex) { return cache_; }
  /// The entry of that leaf; null if it does not exist. Builds the index of leaves on first use, hence `cache_mutex`.
  EntryPtr find_leaf(const at::Tensor& leaf) PARAMSTORE_REQUIRES(cache_mutex) { return cache_.find_leaf(leaf); }

  // The cache has an entry for each row that the file had when it was last looked at.
  bool complete PARAMSTORE_GUARDED_BY(store_mutex) = false;
  std::int64_t change_counter PARAMSTORE_GUARDED_BY(store_mutex) = -1;  // of the file at that look
  Revision seen PARAMSTORE_GUARDED_BY(store_mutex) = 0;                 // the file's newest revision at that look
  std::int64_t last_id PARAMSTORE_GUARDED_BY(store_mutex) = 0;          // the file's largest id at that look
  // A batch is open on this scope: nobody else can commit, so there is nothing to look for.
  bool in_batch PARAMSTORE_GUARDED_BY(store_mutex) = false;
  // Entries that were read while it is open from rows that it has written: other threads must not see them before its end.
  std::vector<EntryPtr> read_uncommitted PARAMSTORE_GUARDED_BY(store_mutex);
  // That look skipped rows whose parameters are pending here.
  bool held_back PARAMSTORE_GUARDED_BY(store_mutex) = false;
  // Picked up along the way; the next refresh returns it.
  RefreshResult unreported PARAMSTORE_GUARDED_BY(store_mutex);

  std::atomic<Revision> revision{0};                           // what the store shows: `seen`, or its own newest commit
  std::atomic<std::chrono::steady_clock::rep> last_commit{0};  // of in-place changes

 private:
  Cache cache_;
};

}  // namespace paramstore
