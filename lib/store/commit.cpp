#include "commit.h"

#include <memory>
#include <utility>
#include <vector>

#include "change.h"
#include "leaf.h"
#include "lookup.h"
#include "write_through.h"

namespace paramstore {
namespace {

struct DirtyLeaf {
  EntryPtr entry;
  std::uint64_t checksum;
};

std::vector<DirtyLeaf> dirty_leaves(const ScopeState& scope, Detect detect) {
  std::vector<DirtyLeaf> dirty;
  for (const auto& [id, entry] : scope.cache.in_order()) {
    if (auto checksum = changed_checksum(*entry, detect)) dirty.push_back({entry, *checksum});
  }
  return dirty;
}

}  // namespace

bool commit_is_due(ScopeState& scope, std::chrono::nanoseconds interval) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  auto never = std::chrono::steady_clock::rep{0};
  if (scope.last_commit.compare_exchange_strong(never, now)) return false;
  return std::chrono::steady_clock::duration(now - never) >= interval;
}

Revision commit_changes(StoreCore& core, ScopeState& scope, const CommitOptions& options) {
  const std::vector<DirtyLeaf> dirty = dirty_leaves(scope, core.options.detect());
  const bool annotated = options.step() || options.message();
  scope.last_commit = std::chrono::steady_clock::now().time_since_epoch().count();
  if (dirty.empty() && !annotated) return scope.revision;

  Change change(core, scope, {options.step(), options.message()});
  std::vector<std::string> stale;
  for (const auto& [entry, checksum] : dirty) {
    if (!write_leaf(change, entry, checksum, options.conflict())) stale.push_back(entry->record.name);
  }
  if (!stale.empty()) throw_stale(scope, std::move(stale));
  return change.commit();
}

}  // namespace paramstore
