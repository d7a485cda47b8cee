#include "take_in.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "leaf.h"
#include "lookup.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

/// A parameter that is not in the file as the cache has it.
struct Difference {
  EntryPtr before;                          // what the cache has; null for a row it does not know
  std::optional<storage::ParamRecord> row;  // what the file has; none where that is gone
  bool added = false;                       // the row is new since the last look
};

/// What becomes of it, read and checked but not yet taken in.
struct Arrival {
  EntryPtr before;
  EntryPtr after;
  at::Tensor contents;  // for the leaf, where that stays
  bool added;
};

std::vector<Difference> differences(ScopeState& scope) {
  std::vector<Difference> found;
  auto cached = scope.cache.in_order().begin();
  const auto end = scope.cache.in_order().end();
  for (const storage::RowStamp& stamp : scope.file->stamps()) {
    for (; cached != end && cached->first < stamp.id; ++cached) found.push_back({cached->second, std::nullopt});
    if (cached != end && cached->first == stamp.id) {
      const EntryPtr& before = (cached++)->second;
      if (before->record.revision != stamp.revision) found.push_back({before, scope.file->find(stamp.id)});
    } else if (scope.complete || stamp.revision > scope.seen) {
      found.push_back({nullptr, scope.file->find(stamp.id), scope.complete || stamp.id > scope.last_id});
    }
  }
  for (; cached != end; ++cached) found.push_back({cached->second, std::nullopt});
  return found;
}

/// A row that went and one that came under the same name are one parameter that changed.
void join_by_name(std::vector<Difference>& differences) {
  std::unordered_map<std::string_view, Difference*> gone;
  for (Difference& difference : differences) {
    if (!difference.row) gone.emplace(difference.before->record.name, &difference);
  }
  for (Difference& difference : differences) {
    if (difference.before || !difference.row) continue;
    const auto same = gone.find(difference.row->name);
    if (same != gone.end()) difference.before = std::exchange(same->second->before, nullptr);
  }
  const auto joined = [](const Difference& difference) { return !difference.before && !difference.row; };
  differences.erase(std::remove_if(differences.begin(), differences.end(), joined), differences.end());
}

Arrival arrive(ScopeState& scope, Difference difference) {
  Arrival arrival{difference.before, nullptr, {}, difference.added};
  if (!difference.row) return arrival;
  const EntryPtr& before = arrival.before;
  const bool same_tag = before && before->record.constraint_tag == difference.row->constraint_tag;
  Constraint constraint = same_tag ? before->constraint : parse_tag(scope.path, *difference.row);
  arrival.after = std::make_shared<Entry>(std::move(*difference.row), std::move(constraint));
  if (before && before->leaf.defined()) {
    const at::Tensor value = read_value(scope, *arrival.after);
    const bool leaf_stays = same_kind(before->leaf, value);
    arrival.after->leaf = leaf_stays ? before->leaf : as_leaf(value);
    if (leaf_stays) arrival.contents = value;
  }
  return arrival;
}

void report(RefreshResult& result, const Arrival& arrival) {
  const auto add = [](std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  const bool renamed = arrival.before && arrival.after && arrival.before->record.name != arrival.after->record.name;
  if (arrival.before && (renamed || !arrival.after)) add(result.removed, arrival.before->record.name);
  if (!arrival.after) return;
  const bool added = renamed || (!arrival.before && arrival.added);
  add(added ? result.added : result.changed, arrival.after->record.name);
}

}  // namespace

void look(ScopeState& scope) {
  storage::ReadTransaction snapshot(*scope.file);
  scope.seen = scope.file->revision();
  scope.revision = scope.seen;
  scope.last_id = scope.file->last_id();
  scope.change_counter = scope.file->change_counter();
}

void take_in_changes(ScopeState& scope, Pending pending) {
  const std::int64_t counter = scope.file->change_counter();
  if (counter == scope.change_counter && !(scope.held_back && pending == Pending::discard)) return;
  const Revision revision = scope.file->revision();

  // Read and check everything first, so that an error leaves the cache as it is.
  std::vector<Difference> found = differences(scope);
  join_by_name(found);
  bool held_back = false;
  std::vector<Arrival> arrivals;
  for (Difference& difference : found) {
    const EntryPtr& before = difference.before;
    if (pending == Pending::keep && before && changed_checksum(*before, Detect::content)) {
      held_back = true;
    } else {
      arrivals.push_back(arrive(scope, std::move(difference)));
    }
  }

  RefreshResult result = scope.unreported;
  for (const Arrival& arrival : arrivals) report(result, arrival);
  const std::int64_t last_id = scope.file->last_id();

  {
    std::lock_guard cache_lock(scope.cache_mutex);
    for (const Arrival& arrival : arrivals) {
      if (arrival.before) scope.cache.remove(arrival.before);
    }
    for (const Arrival& arrival : arrivals) {
      if (arrival.after) scope.cache.add(arrival.after);
    }
  }
  for (const Arrival& arrival : arrivals) {
    if (!arrival.contents.defined()) continue;
    overwrite_contents(arrival.after->leaf, arrival.contents);
  }
  for (const Arrival& arrival : arrivals) {
    if (arrival.after && arrival.after->leaf.defined()) arrival.after->stored_version = version_of(arrival.after->leaf);
  }
  scope.unreported = std::move(result);
  scope.seen = revision;
  scope.revision = revision;
  scope.last_id = last_id;
  scope.change_counter = counter;
  scope.held_back = held_back;
}

}  // namespace paramstore
