#include "lib/store/refresh.h"

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "lib/store/leaf.h"
#include "lib/store/lookup.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

/// A parameter whose row differs from the cache. Identity is the name: removed and added again is the same parameter,
/// renamed is another.
struct Difference {
  EntryPtr before;                          // what the cache has; null for a name it does not know
  std::optional<storage::ParamRecord> row;  // what the file has; none if the name no longer exists
  bool added = false;                       // the name is new since the last look
};

/// Its new state, read and checked but not yet applied.
struct Arrival {
  EntryPtr before;
  EntryPtr after;
  at::Tensor contents;  // for the leaf, if that stays
  bool added;
};

/// A parameter that stays pending here, and its current row, if any.
struct Held {
  EntryPtr entry;
  std::optional<std::int64_t> id;
};

std::vector<Difference> differences(ScopeState& scope) {
  std::vector<Difference> found;
  std::vector<EntryPtr> without_row;  // by id; the name may be in another row
  const auto find_row = [&](std::int64_t id, bool added) {
    auto row = scope.file->find(id);
    EntryPtr before = scope.cache.find(row->name);
    added = added && !before;
    found.push_back({std::move(before), std::move(row), added});
  };
  auto cached = scope.cache.in_order().begin();
  const auto end = scope.cache.in_order().end();
  for (const storage::RowStamp& stamp : scope.file->stamps()) {
    for (; cached != end && cached->first < stamp.id; ++cached) without_row.push_back(cached->second);
    if (cached != end && cached->first == stamp.id) {
      const EntryPtr& entry = (cached++)->second;
      if (entry->record.revision == stamp.revision) continue;
      without_row.push_back(entry);
      find_row(stamp.id, true);
    } else if (scope.complete || stamp.revision > scope.seen) {
      find_row(stamp.id, scope.complete || stamp.id > scope.last_id);
    }
  }
  for (; cached != end; ++cached) without_row.push_back(cached->second);

  std::unordered_set<const Entry*> met;
  for (const Difference& difference : found) met.insert(difference.before.get());
  for (EntryPtr& entry : without_row) {
    if (met.count(entry.get()) == 0) found.push_back({std::move(entry), std::nullopt});
  }
  return found;
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
    const bool leaf_stays = can_take(before->leaf, value);
    arrival.after->leaf = leaf_stays ? before->leaf : as_leaf(value);
    if (leaf_stays) arrival.contents = value;
  }
  return arrival;
}

/// A name's net change since the last refresh.
enum class Effect { none, added, changed, removed };

/// Combines two changes of one name.
Effect both(Effect first, Effect second) {
  if (first == Effect::none) return second;
  if (first == Effect::added) return second == Effect::removed ? Effect::none : Effect::added;
  return second == Effect::removed ? Effect::removed : Effect::changed;
}

/// What has been reported, and the changes after it.
RefreshResult report(const RefreshResult& before, const std::vector<Arrival>& arrivals) {
  struct Told {
    std::string name;
    Effect effect;
  };
  std::vector<Told> told;  // in the order of arrival
  std::unordered_map<std::string, std::size_t> index;
  const auto tell = [&](const std::string& name, Effect effect) {
    const auto [found, is_new] = index.emplace(name, told.size());
    if (is_new) {
      told.push_back({name, effect});
    } else {
      told[found->second].effect = both(told[found->second].effect, effect);
    }
  };
  for (const auto& name : before.added) tell(name, Effect::added);
  for (const auto& name : before.changed) tell(name, Effect::changed);
  for (const auto& name : before.removed) tell(name, Effect::removed);
  for (const Arrival& arrival : arrivals) {
    if (!arrival.after) {
      tell(arrival.before->record.name, Effect::removed);
    } else {
      tell(arrival.after->record.name, arrival.added ? Effect::added : Effect::changed);
    }
  }
  RefreshResult result;
  for (Told& each : told) {
    if (each.effect == Effect::added) result.added.push_back(std::move(each.name));
    if (each.effect == Effect::changed) result.changed.push_back(std::move(each.name));
    if (each.effect == Effect::removed) result.removed.push_back(std::move(each.name));
  }
  return result;
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

  // Read and check everything first, so an error leaves the cache unchanged.
  std::vector<Arrival> arrivals;
  std::vector<Held> held;
  for (Difference& difference : differences(scope)) {
    const EntryPtr& before = difference.before;
    if (pending == Pending::keep && before && changed_checksum(*before, Detect::content)) {
      held.push_back({before, difference.row ? std::optional(difference.row->id) : std::nullopt});
    } else {
      arrivals.push_back(arrive(scope, std::move(difference)));
    }
  }
  RefreshResult result = report(scope.unreported, arrivals);
  const std::int64_t last_id = scope.file->last_id();

  {
    std::lock_guard cache_lock(scope.cache_mutex);
    for (const Arrival& arrival : arrivals) {
      if (arrival.before) scope.cache.remove(arrival.before);
    }
    // Remove all first, then add: they may have swapped rows.
    for (const Held& each : held) scope.cache.set_id(each.entry, scope.cache.id_without_row());
    for (const Held& each : held) {
      if (each.id) scope.cache.set_id(each.entry, *each.id);
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
  scope.held_back = !held.empty();
}

}  // namespace paramstore
