#include "take_in.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "leaf.h"
#include "lookup.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

/// One row that moved on, read and checked but not yet taken in.
struct Arrival {
  EntryPtr before;      // what the cache has for the row or null
  EntryPtr after;       // what it shall have
  at::Tensor contents;  // for `before`'s leaf, where that stays
  bool added = false;
};

EntryPtr changed_entry(ScopeState& scope, const EntryPtr& before, storage::ParamRecord record, at::Tensor& contents) {
  auto after = std::make_shared<Entry>(std::move(record), before->constraint);
  if (after->record.constraint_tag != before->record.constraint_tag) {
    after->constraint = parse_tag(scope.path, after->record);
    after->is_real = after->constraint == constraints::real;
  }
  if (!before->leaf.defined()) return after;
  auto value = read_value(scope, *after);
  const bool same = same_kind(before->leaf, value);
  after->leaf = same ? before->leaf : as_leaf(value);
  if (same) contents = value;
  return after;
}

void report(RefreshResult& result, const Arrival& arrival) {
  auto add = [](std::vector<std::string>& names, const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  if (arrival.before && arrival.after && arrival.before->record.name != arrival.after->record.name) {
    add(result.removed, arrival.before->record.name);
    add(result.added, arrival.after->record.name);
  } else if (!arrival.after) {
    add(result.removed, arrival.before->record.name);
  } else {
    add(arrival.added ? result.added : result.changed, arrival.after->record.name);
  }
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
  std::vector<Arrival> arrivals;
  bool held_back = false;
  auto cached = scope.cache.in_order().begin();
  const auto end = scope.cache.in_order().end();
  for (const storage::RowStamp& stamp : scope.file->stamps()) {
    for (; cached != end && cached->first < stamp.id; ++cached) arrivals.push_back({cached->second, nullptr, {}});
    if (cached != end && cached->first == stamp.id) {
      const EntryPtr& before = cached->second;
      ++cached;
      if (before->record.revision == stamp.revision) continue;
      if (pending == Pending::keep && changed_checksum(*before, Detect::content)) {
        held_back = true;
        continue;
      }
      auto record = scope.file->find(stamp.id);
      Arrival arrival{before, nullptr, {}};
      arrival.after = changed_entry(scope, before, std::move(*record), arrival.contents);
      arrivals.push_back(std::move(arrival));
    } else if (scope.complete || stamp.revision > scope.seen) {
      auto record = scope.file->find(stamp.id);
      auto constraint = parse_tag(scope.path, *record);
      Arrival arrival{nullptr, std::make_shared<Entry>(std::move(*record), std::move(constraint)), {}};
      arrival.added = scope.complete || stamp.id > scope.last_id;
      arrivals.push_back(std::move(arrival));
    }
  }
  for (; cached != end; ++cached) arrivals.push_back({cached->second, nullptr, {}});

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
