#include "lib/store/commit.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/store/change.h"
#include "lib/store/leaf.h"
#include "lib/store/lookup.h"
#include "lib/store/write_through.h"

namespace paramstore {

bool commit_is_due(ScopeState& scope, std::chrono::nanoseconds interval) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  auto never = std::chrono::steady_clock::rep{0};
  if (scope.last_commit.compare_exchange_strong(never, now)) return false;
  return std::chrono::steady_clock::duration(now - never) >= interval;
}

Revision commit_changes(StoreCore& core, ScopeState& scope, const CommitOptions& options) {
  std::optional<Change> change;  // begun only if there is something to write: it takes the file's write lock
  std::optional<InPlaceWrites> in_place;
  const auto begin = [&] {
    change.emplace(core, scope, storage::CommitInfo{options.step(), options.message()});
    in_place.emplace(*change);
  };
  scope.last_commit = std::chrono::steady_clock::now().time_since_epoch().count();
  if (options.step() || options.message()) begin();

  for (const auto& [id, entry] : scope.cache.in_order()) {
    const auto checksum = changed_checksum(*entry, core.options.detect());
    if (!checksum) continue;
    if (!change) begin();
    in_place->write({entry, *checksum});
  }
  if (!change) return scope.revision;

  std::vector<std::string> stale;
  for (const auto& [entry, checksum] : in_place->finish()) {
    if (!write_anew(*change, entry, checksum, options.conflict())) stale.push_back(entry->record.name);
  }
  if (!stale.empty()) throw_stale(scope, std::move(stale));
  return change->commit();
}

}  // namespace paramstore
