#include "lookup.h"

#include <mutex>
#include <utility>
#include <vector>

#include "leaf.h"
#include "paramstore/error.h"
#include "paramstore/param_name.h"
#include "take_in.h"

namespace paramstore {
namespace {

[[noreturn]] void not_found(const ScopeState& scope, std::string_view name) {
  throw ParamNotFound("no parameter '" + std::string(name) + "' in '" + scope.path + "'" +
                          (scope.name.empty() ? "" : " (scope '" + scope.name + "')") +
                          "; keys() lists what there is, setdefault() makes it",
                      std::string(name));
}

void add_to_cache(ScopeState& scope, const EntryPtr& entry) {
  std::lock_guard cache_lock(scope.cache_mutex);
  scope.cache.add(entry);
}

void install_leaf(ScopeState& scope, const EntryPtr& entry, const at::Tensor& leaf) {
  std::lock_guard cache_lock(scope.cache_mutex);
  scope.cache.set_leaf(entry, leaf);
  entry->stored_version = version_of(leaf);
}

}  // namespace

std::int64_t version_of(const at::Tensor& leaf) {
  return leaf.unsafeGetTensorImpl()->version_counter().current_version();
}

std::optional<std::uint64_t> changed_checksum(const Entry& entry, Detect detect) {
  if (!entry.leaf.defined()) return std::nullopt;
  if (detect == Detect::version_counter && version_of(entry.leaf) == entry.stored_version) return std::nullopt;
  const std::uint64_t checksum = storage::value_checksum(HostValue(entry.leaf).bytes());
  const bool same = checksum == entry.stored_checksum && same_shape(entry.record, entry.leaf);
  return same ? std::nullopt : std::optional(checksum);
}

Constraint parse_tag(const std::string& path, const storage::ParamRecord& record) {
  try {
    return Constraint::parse(record.constraint_tag);
  } catch (const UnknownConstraint& error) {
    throw CorruptStore("parameter '" + record.name + "'" + of_file(path) +
                       " has a constraint_tag that is none: " + error.what());
  }
}

EntryPtr find_entry(ScopeState& scope, std::string_view name) {
  if (auto entry = scope.cache.find(name)) return entry;
  validate_param_name(name);
  storage::ReadTransaction snapshot(*scope.file);
  take_in_changes(scope, Pending::keep);
  if (auto entry = scope.cache.find(name)) return entry;
  if (scope.complete) return nullptr;
  auto record = scope.file->find(name);
  if (!record) return nullptr;
  auto constraint = parse_tag(scope.path, *record);
  auto entry = std::make_shared<Entry>(std::move(*record), std::move(constraint));
  add_to_cache(scope, entry);
  return entry;
}

EntryPtr require_entry(ScopeState& scope, std::string_view name) {
  auto entry = find_entry(scope, name);
  if (!entry) not_found(scope, name);
  return entry;
}

at::Tensor read_value(ScopeState& scope, Entry& entry) {
  at::Tensor value = empty_value(entry.record);
  entry.stored_checksum = scope.file->read_value(entry.record, destination_of(value));
  return to_row_device(std::move(value), entry.record, scope.path);
}

void load_leaf(ScopeState& scope, const EntryPtr& entry) {
  if (entry->leaf.defined()) return;
  storage::ReadTransaction snapshot(*scope.file);
  take_in_changes(scope, Pending::keep);
  const EntryPtr current = scope.cache.find(entry->record.name);  // taking in may have replaced or removed it
  if (!current) not_found(scope, entry->record.name);
  if (!current->leaf.defined()) install_leaf(scope, current, as_leaf(read_value(scope, *current)));
}

void list_all(ScopeState& scope) {
  storage::ReadTransaction snapshot(*scope.file);
  take_in_changes(scope, Pending::keep);
  if (scope.complete) return;
  std::vector<EntryPtr> fresh;
  for (auto& record : scope.file->list()) {
    if (scope.cache.find(record.id)) continue;
    auto constraint = parse_tag(scope.path, record);
    fresh.push_back(std::make_shared<Entry>(std::move(record), std::move(constraint)));
  }
  std::lock_guard cache_lock(scope.cache_mutex);
  for (const auto& entry : fresh) scope.cache.add(entry);
  scope.complete = true;
}

void load_all(ScopeState& scope) {
  storage::ReadTransaction snapshot(*scope.file);
  take_in_changes(scope, Pending::keep);
  std::vector<at::Tensor> values;
  auto rows = scope.file->read_all([&](const storage::ParamRecord& record) -> void* {
    const EntryPtr known = scope.cache.find(record.id);
    if (known && known->leaf.defined()) {
      values.emplace_back();
      return nullptr;
    }
    values.push_back(empty_value(record));
    return destination_of(values.back());
  });

  std::vector<EntryPtr> fresh(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!values[i].defined()) continue;
    values[i] = as_leaf(to_row_device(std::move(values[i]), rows[i].record, scope.path));
    if (scope.cache.find(rows[i].record.id)) continue;
    // Most rows have the constraint of the row before.
    const bool repeated = i > 0 && fresh[i - 1] && fresh[i - 1]->record.constraint_tag == rows[i].record.constraint_tag;
    auto constraint = repeated ? fresh[i - 1]->constraint : parse_tag(scope.path, rows[i].record);
    fresh[i] = std::make_shared<Entry>(std::move(rows[i].record), std::move(constraint));
  }

  std::lock_guard cache_lock(scope.cache_mutex);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!values[i].defined()) continue;
    EntryPtr entry = fresh[i];
    if (entry) {
      entry->leaf = values[i];
      scope.cache.add(entry);
    } else {
      entry = scope.cache.find(rows[i].record.id);
      scope.cache.set_leaf(entry, values[i]);
    }
    entry->stored_checksum = rows[i].checksum;
    entry->stored_version = version_of(values[i]);
  }
  scope.complete = true;
}

Param constrained(const at::Tensor& leaf, const Constraint& constraint) {
  const Transform transform = transform_to(constraint);
  return transform.is_identity() ? Param(leaf) : Param(transform(leaf), leaf);
}

std::optional<Found> find(StoreCore& core, ScopeState& scope, std::string_view name) {
  {
    std::lock_guard cache_lock(scope.cache_mutex);
    const Entry* entry = scope.cache.peek(name);
    if (entry && entry->leaf.defined()) return Found{entry->leaf, entry->constraint};
  }
  auto locked = core.lock(scope);
  const EntryPtr entry = find_entry(scope, name);
  if (!entry) return std::nullopt;
  load_leaf(scope, entry);
  const EntryPtr loaded = scope.cache.find(name);
  return Found{loaded->leaf, loaded->constraint};
}

Param get(StoreCore& core, ScopeState& scope, std::string_view name) {
  {
    // The common case by the shortest way: nothing is copied but the handle.
    std::lock_guard cache_lock(scope.cache_mutex);
    const Entry* entry = scope.cache.peek(name);
    if (entry && entry->is_real && entry->leaf.defined()) return Param(entry->leaf);
  }
  const auto found = find(core, scope, name);
  if (!found) not_found(scope, name);
  return constrained(found->leaf, found->constraint);
}

at::Tensor get_leaf(StoreCore& core, ScopeState& scope, std::string_view name) {
  auto found = find(core, scope, name);
  if (!found) not_found(scope, name);
  return std::move(found->leaf);
}

}  // namespace paramstore
