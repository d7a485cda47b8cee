#include "lib/store/commit.h"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/storage/value_writer.h"
#include "lib/store/change.h"
#include "lib/store/leaf.h"
#include "lib/store/lookup.h"
#include "lib/store/write_through.h"

namespace paramstore {
namespace {

/// Moves the stamps with these numbers, which ascend, out of `stamps`.
std::vector<Stamp> take_out(std::vector<Stamp>& stamps, const std::vector<std::size_t>& numbers) {
  std::vector<Stamp> taken;
  if (numbers.empty()) return taken;
  std::vector<Stamp> left;
  auto next = numbers.begin();
  for (std::size_t i = 0; i < stamps.size(); ++i) {
    if (next != numbers.end() && *next == i) {
      taken.push_back(std::move(stamps[i]));
      ++next;
    } else {
      left.push_back(std::move(stamps[i]));
    }
  }
  stamps = std::move(left);
  return taken;
}

}  // namespace

bool commit_is_due(ScopeState& scope, std::chrono::nanoseconds interval) {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  auto never = std::chrono::steady_clock::rep{0};
  if (scope.last_commit.compare_exchange_strong(never, now)) return false;
  return std::chrono::steady_clock::duration(now - never) >= interval;
}

Revision commit_changes(StoreCore& core, ScopeState& scope, const CommitOptions& options) {
  std::optional<Change> change;  // begun only if there is something to write: it takes the file's write lock
  std::optional<storage::ValueWriter> values;
  const auto begin = [&]() PARAMSTORE_REQUIRES(store_mutex) {
    change.emplace(core, scope, storage::CommitInfo{options.step(), options.message()});
    values.emplace(change->rows());
  };
  scope.last_commit = std::chrono::steady_clock::now().time_since_epoch().count();
  if (options.step() || options.message()) begin();

  std::vector<Stamp> stamps;
  std::vector<Stamp> other_kind;  // leaves whose dtype, shape or device has changed
  for (const auto& [id, entry] : scope.cache().in_order()) {
    if (!entry->leaf.defined()) continue;
    const std::int64_t version = version_of(entry->leaf);
    const auto changed = changed_value(*entry, core.options.detect());
    if (!changed) continue;
    if (!change) begin();
    auto& list = same_kind(entry->record, entry->leaf) ? stamps : other_kind;
    list.push_back({entry, changed->checksum, version});
    if (&list == &stamps) {
      values->write(id, entry->record.revision, changed->contents.bytes(), changed->checksum,
                    changed->contents.owner());
    }
  }
  if (!change) return scope.revision;

  std::vector<Stamp> anew = take_out(stamps, values->finish());
  anew.insert(anew.end(), other_kind.begin(), other_kind.end());
  std::vector<std::string> stale;
  for (const Stamp& each : anew) {
    if (!write_anew(*change, each.entry, each.checksum, options.conflict())) stale.push_back(each.entry->record.name);
  }
  if (!stale.empty()) throw_stale(scope, std::move(stale), Remedy::overwrite);
  change->effects().stamps = std::move(stamps);
  return change->commit();
}

}  // namespace paramstore
