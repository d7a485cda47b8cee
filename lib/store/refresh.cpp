#include "lib/store/refresh.h"

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "lib/constraint/tag_parser.h"
#include "lib/storage/store_internals.h"
#include "lib/store/apply.h"
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

std::vector<Difference> differences(ScopeState& scope) PARAMSTORE_REQUIRES(store_mutex) {
  std::vector<Difference> found;
  std::vector<EntryPtr> without_row;  // by id; the name may be in another row
  const auto find_row = [&](std::int64_t id, bool added) PARAMSTORE_REQUIRES(store_mutex) {
    auto row = scope.file->find(id);
    EntryPtr before = scope.cache().find(row->name);
    added = added && !before;
    found.push_back({std::move(before), std::move(row), added});
  };
  auto cached = scope.cache().in_order().begin();
  const auto end = scope.cache().in_order().end();
  for (const storage::RowStamp& stamp : storage::stamps(*scope.file)) {
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

/// Its new state, read and checked but not yet applied.
Replacement arrive(ScopeState& scope, Difference difference) PARAMSTORE_REQUIRES(store_mutex) {
  Replacement arrival{difference.before, nullptr, {}, {}};
  if (!difference.row) return arrival;
  const EntryPtr& before = arrival.before;
  const bool same_tag = before && before->record.constraint_tag == difference.row->constraint_tag;
  Constraint constraint = same_tag ? before->constraint : parse_stored_tag(difference.row->constraint_tag);
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

struct Told {
  std::string name;
  Effect effect;
};

/// What has been reported, and the changes after it.
RefreshResult report(const RefreshResult& before, const std::vector<Told>& arrivals) {
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
  for (const Told& arrival : arrivals) tell(arrival.name, arrival.effect);
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
  scope.complete = scope.last_id == 0 && scope.file->count() == 0;  // an empty file is known completely
}

void take_in_changes(ScopeState& scope, Pending pending) {
  // Nobody else can commit meanwhile. If an error has ended the batch's transaction, others can, and the look after the
  // batch's end sees it.
  if (scope.in_batch) return;
  const std::int64_t counter = scope.file->change_counter();
  if (counter == scope.change_counter && !(scope.held_back && pending == Pending::discard)) return;
  const Revision revision = scope.file->revision();

  // Read and check everything first, so an error leaves the cache unchanged.
  Effects effects;
  std::vector<Told> arrived;
  for (Difference& difference : differences(scope)) {
    const EntryPtr& before = difference.before;
    if (pending == Pending::keep && before && changed_value(*before, Detect::content)) {
      effects.moves.push_back({before, difference.row ? std::optional(difference.row->id) : std::nullopt});
      continue;
    }
    const std::string& name = difference.row ? difference.row->name : before->record.name;
    arrived.push_back({name, !difference.row ? Effect::removed : difference.added ? Effect::added : Effect::changed});
    effects.replacements.push_back(arrive(scope, std::move(difference)));
  }
  RefreshResult result = report(scope.unreported, arrived);
  const std::int64_t last_id = scope.file->last_id();

  scope.held_back = !effects.moves.empty();
  apply(scope, std::move(effects));
  scope.unreported = std::move(result);
  scope.seen = revision;
  scope.revision = revision;
  scope.last_id = last_id;
  scope.change_counter = counter;
}

}  // namespace paramstore
