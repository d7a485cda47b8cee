// One scope as a store keeps it: its file, its cache, and the commit they were last compared at.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "lib/store/cache.h"
#include "paramstore/param_store.h"
#include "paramstore/storage/database.h"

namespace paramstore {

class StoreCore;

/// Two mutexes guard it. Hold the store's mutex to change anything here or to use the file. To change the cache or its
/// entries, also hold `cache_mutex`, always briefly, so parameters in memory can be looked up while another thread
/// commits.
struct ScopeState : std::enable_shared_from_this<ScopeState> {
  ScopeState(const StoreCore* store, std::string scope_name, std::shared_ptr<storage::StoreFile> store_file)
      : owner(store), name(std::move(scope_name)), path(store_file->path()), file(std::move(store_file)) {}

  const StoreCore* const owner;
  const std::string name;                    // empty: the store itself, or an anonymous scope
  const std::string path;                    // for messages
  std::shared_ptr<storage::StoreFile> file;  // null once the store is closed or the scope dropped
  std::atomic<int> guards{0};                // how many ScopeGuards are in it

  std::mutex cache_mutex;
  Cache cache;

  bool complete = false;             // the cache has an entry for each row that the file had when it was last looked at
  std::int64_t change_counter = -1;  // of the file at that look
  Revision seen = 0;                 // the file's newest revision at that look
  std::int64_t last_id = 0;          // the file's largest id at that look
  bool held_back = false;            // that look skipped rows whose parameters are pending here
  RefreshResult unreported;          // picked up along the way; the next refresh returns it

  std::atomic<Revision> revision{0};                           // what the store shows: `seen`, or its own newest commit
  std::atomic<std::chrono::steady_clock::rep> last_commit{0};  // of in-place changes
};

}  // namespace paramstore
