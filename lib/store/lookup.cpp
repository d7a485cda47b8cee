#include "lib/store/lookup.h"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "lib/constraint/node.h"
#include "lib/constraint/tag_parser.h"
#include "lib/storage/store_internals.h"
#include "lib/store/leaf.h"
#include "lib/store/named_errors.h"
#include "lib/store/refresh.h"
#include "lib/store/value_memory.h"
#include "lib/text/nearest_name.h"
#include "lib/text/utf8.h"
#include "paramstore/error.h"
#include "paramstore/param_name.h"

namespace paramstore {
namespace {

/// "; did you mean 'loc'?", or "" if no name is close or there are too many: a program may ask often for what is not there.
std::string did_you_mean(ScopeState& scope, std::string_view name) PARAMSTORE_REQUIRES(store_mutex) {
  constexpr std::size_t most_names = 10'000;
  const auto& in_memory = scope.cache().in_order();
  if ((scope.complete ? in_memory.size() : scope.file->count()) > most_names) return "";
  std::vector<std::string> names;
  for (const auto& [id, entry] : in_memory) names.push_back(entry->record.name);
  if (!scope.complete) {
    for (auto& record : scope.file->list()) names.push_back(std::move(record.name));
  }
  const auto close = nearest(name, names);
  return close ? "; did you mean " + in_quotes(*close) + "?" : "";
}

[[noreturn]] void not_found(ScopeState& scope, std::string_view name) PARAMSTORE_REQUIRES(store_mutex) {
  std::string hint;
  try {
    hint = did_you_mean(scope, name);
  } catch (const Error&) {
    // The file cannot be listed now. The name is missing in any case.
  }
  throw ParamNotFound("no parameter '" + std::string(name) + "' in '" + scope.path + "'" +
                          (scope.name.empty() ? "" : " (scope '" + scope.name + "')") +
                          (hint.empty() ? "; " : hint + " ") + "keys() lists all names, setdefault() creates one",
                      std::string(name));
}

/// Adds an entry that was read from the file.
void add_read(ScopeState& scope, EntryPtr entry) PARAMSTORE_REQUIRES(store_mutex, scope.cache_mutex) {
  if (scope.in_batch && entry->record.revision > scope.seen) {
    scope.read_uncommitted.push_back(entry);
    entry->uncommitted = true;
  }
  scope.changing_cache().add(std::move(entry));
}

/// Entries made by another thread lie in another processor's cache; prefetching them hides that latency.
void prefetch([[maybe_unused]] const Entry& entry) noexcept {
#if defined(__GNUC__)
  constexpr std::size_t cache_line = 64;
  const auto* bytes = reinterpret_cast<const char*>(&entry);
  for (std::size_t at = 0; at < sizeof entry; at += cache_line) __builtin_prefetch(bytes + at, 1);
#endif
}

void install_leaf(ScopeState& scope, const EntryPtr& entry, const at::Tensor& leaf) PARAMSTORE_REQUIRES(store_mutex) {
  MutexLock cache_lock(scope.cache_mutex);
  scope.changing_cache().set_leaf(entry, leaf);
  entry->stored_version = version_of(leaf);
}

}  // namespace

std::optional<HashedValue> changed_value(const Entry& entry, Detect detect) {
  if (!entry.leaf.defined()) return std::nullopt;
  if (detect == Detect::version_counter && version_of(entry.leaf) == entry.stored_version) return std::nullopt;
  HashedValue value(entry.leaf);
  const bool same = value.checksum == entry.stored_checksum && same_shape(entry.record, entry.leaf);
  return same ? std::nullopt : std::optional(std::move(value));
}

EntryPtr find_entry(ScopeState& scope, std::string_view name) {
  if (auto entry = scope.cache().find(name)) return entry;
  validate_param_name(name);
  std::optional<storage::ReadTransaction> snapshot;
  if (!scope.in_batch) {
    snapshot.emplace(*scope.file);
    take_in_changes(scope, Pending::keep);
    if (auto entry = scope.cache().find(name)) return entry;
  }
  if (scope.complete) return nullptr;
  auto record = scope.file->find(name);
  if (!record) return nullptr;
  auto constraint = parse_stored_tag(record->constraint_tag);
  auto entry = std::make_shared<Entry>(std::move(*record), std::move(constraint));
  MutexLock cache_lock(scope.cache_mutex);
  add_read(scope, entry);
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

EntryPtr load_leaf(ScopeState& scope, const EntryPtr& entry) {
  if (entry->leaf.defined()) return entry;
  storage::ReadTransaction snapshot(*scope.file);
  take_in_changes(scope, Pending::keep);
  EntryPtr current = scope.cache().find(entry->record.name);  // a refresh may have replaced or removed it
  if (current && !current->leaf.defined()) install_leaf(scope, current, as_leaf(read_value(scope, *current)));
  return current;
}

void list_all(ScopeState& scope) {
  storage::ReadTransaction snapshot(*scope.file);
  take_in_changes(scope, Pending::keep);
  if (scope.complete) return;
  std::vector<EntryPtr> fresh;
  for (auto& record : scope.file->list()) {
    if (scope.cache().find(record.id)) continue;
    auto constraint = parse_stored_tag(record.constraint_tag);
    fresh.push_back(std::make_shared<Entry>(std::move(record), std::move(constraint)));
  }
  MutexLock cache_lock(scope.cache_mutex);
  for (const auto& entry : fresh) add_read(scope, entry);
  scope.complete = true;
}

void load_all(ScopeState& scope) {
  storage::ReadTransaction snapshot(*scope.file);
  take_in_changes(scope, Pending::keep);
  // One part of a large file; several threads read one each.
  struct Loading {
    EntryPtr entry;
    bool known;        // the entry is in the cache
    at::Tensor value;  // of a known entry without a leaf
  };
  struct Part {
    std::vector<Loading> rows;
    ValueMemory memory;
    bool all_on_cpu = true;
  };
  std::vector<Part> parts(storage::most_parts);
  const Cache& known_entries = scope.cache();  // for the reading threads; nothing changes it meanwhile
  const auto checksums =
      storage::read_parts(*scope.file, [&](storage::ParamRecord&& record, std::size_t index) -> void* {
        Part& part = parts[index];
        EntryPtr entry = known_entries.find(record.id);
        if (entry && entry->leaf.defined()) {
          part.rows.push_back({std::move(entry), true, {}});
          return nullptr;
        }
        at::Tensor value = part.memory.empty_value(record);
        void* const destination = destination_of(value);
        if (record.device == "cpu") {
          value = as_leaf(std::move(value));
        } else {
          part.all_on_cpu = false;
        }
        if (entry) {
          part.rows.push_back({std::move(entry), true, std::move(value)});
          return destination;
        }
        // Most rows have the constraint of the row before.
        const Entry* const before = part.rows.empty() ? nullptr : part.rows.back().entry.get();
        const bool repeated = before != nullptr && before->record.constraint_tag == record.constraint_tag;
        auto constraint = repeated ? before->constraint : parse_stored_tag(record.constraint_tag);
        entry = std::make_shared<Entry>(std::move(record), std::move(constraint));
        entry->stored_version = version_of(value);
        entry->leaf = std::move(value);
        part.rows.push_back({std::move(entry), false, {}});
        return destination;
      });
  for (Part& part : parts) {
    if (part.all_on_cpu) continue;
    for (Loading& row : part.rows) {
      at::Tensor& value = row.known ? row.value : row.entry->leaf;
      if (!value.defined() || row.entry->record.device == "cpu") continue;
      value = as_leaf(to_row_device(std::move(value), row.entry->record, scope.path));
      if (!row.known) row.entry->stored_version = version_of(value);
    }
  }

  MutexLock cache_lock(scope.cache_mutex);
  Cache& cache = scope.changing_cache();
  cache.reserve(checksums.size());
  std::size_t next = 0;
  for (Part& part : parts) {
    for (std::size_t i = 0; i < part.rows.size(); ++i) {
      auto& [entry, known, value] = part.rows[i];
      if (i + 16 < part.rows.size()) prefetch(*part.rows[i + 16].entry);
      const std::uint64_t checksum = checksums[next++];
      if (!known) {
        entry->stored_checksum = checksum;
        add_read(scope, std::move(entry));
      } else if (value.defined()) {
        entry->stored_checksum = checksum;
        entry->stored_version = version_of(value);
        cache.set_leaf(entry, value);
      }
    }
  }
  scope.complete = true;
}

Param constrained(const ScopeState& scope, std::string_view name, at::Tensor leaf, const Constraint& constraint) {
  return naming(scope, name, [&] {
    const Transform::Node& node = *require_transform(constraint);
    if (node.is_identity) return Param(std::move(leaf));
    at::Tensor value = transform(node, leaf);
    return Param(std::move(value), std::move(leaf));
  });
}

namespace {

// For names without a leaf in the cache.
std::optional<Found> find_under_lock(ScopeState& scope, std::string_view name) PARAMSTORE_REQUIRES(store_mutex) {
  EntryPtr entry = find_entry(scope, name);
  if (entry) entry = load_leaf(scope, entry);
  if (!entry) return std::nullopt;
  return Found{entry->leaf, entry->constraint};
}

std::optional<Found> find_in_file(StoreCore& core, ScopeState& scope, std::string_view name)
    PARAMSTORE_EXCLUDES(store_mutex) {
  const StoreLock locked(core, scope);
  return find_under_lock(scope, name);
}

/// Whether this thread may use the entry as it is: it has a leaf, and is not part of another thread's open batch.
bool ready(const StoreCore& core, const Entry* entry) noexcept {
  return entry && entry->leaf.defined() && (!entry->uncommitted || core.in_own_batch());
}

}  // namespace

namespace {

std::optional<Found> find_in_memory(const StoreCore& core, ScopeState& scope, std::string_view name) {
  MutexLock cache_lock(scope.cache_mutex);
  const Entry* entry = scope.cache_in_passing().peek(name);
  return ready(core, entry) ? std::optional(Found{entry->leaf, entry->constraint}) : std::nullopt;
}

}  // namespace

std::optional<Found> find(StoreCore& core, ScopeState& scope, std::string_view name) {
  if (auto found = find_in_memory(core, scope, name)) return found;
  return find_in_file(core, scope, name);
}

std::optional<Found> find_to_add(StoreCore& core, ScopeState& scope, std::string_view name) {
  if (auto found = find_in_memory(core, scope, name)) return found;
  const StoreLock locked(core, scope);
  auto found = find_under_lock(scope, name);
  if (!found) core.require_writable(scope);
  return found;
}

bool contains(StoreCore& core, ScopeState& scope, std::string_view name) {
  {
    MutexLock cache_lock(scope.cache_mutex);
    const Entry* entry = scope.cache_in_passing().peek(name);
    if (entry && (!entry->uncommitted || core.in_own_batch())) return true;
  }
  const StoreLock locked(core, scope);
  return find_entry(scope, name) != nullptr;
}

namespace {

[[noreturn]] void not_found(StoreCore& core, ScopeState& scope, std::string_view name)
    PARAMSTORE_EXCLUDES(store_mutex) {
  const StoreLock locked(core, scope);
  not_found(scope, name);
}

}  // namespace

Param get(StoreCore& core, ScopeState& scope, std::string_view name) {
  std::optional<Found> found;
  {
    MutexLock cache_lock(scope.cache_mutex);
    const Entry* entry = scope.cache_in_passing().peek(name);
    if (ready(core, entry)) {
      // The common case, kept short: copies nothing but the handle.
      if (entry->is_real) return Param(entry->leaf);
      found = Found{entry->leaf, entry->constraint};
    }
  }
  if (!found) found = find_in_file(core, scope, name);
  if (!found) not_found(core, scope, name);
  return constrained(scope, name, std::move(found->leaf), found->constraint);
}

at::Tensor get_leaf(StoreCore& core, ScopeState& scope, std::string_view name) {
  auto found = find(core, scope, name);
  if (!found) not_found(core, scope, name);
  return std::move(found->leaf);
}

}  // namespace paramstore
