#include "lib/store/write_through.h"

#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <utility>

#include "lib/constraint/describe.h"
#include "lib/store/leaf.h"
#include "lib/store/lookup.h"
#include "lib/store/named_errors.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

void add_entry(Change& change, const EntryPtr& entry) {
  ScopeState& scope = change.scope();
  change.on_undo([&scope, entry] {
    std::lock_guard cache_lock(scope.cache_mutex);
    scope.cache.remove(entry);
  });
  std::lock_guard cache_lock(scope.cache_mutex);
  scope.cache.add(entry);
}

void remove_entry(Change& change, const EntryPtr& entry) {
  ScopeState& scope = change.scope();
  change.on_undo([&scope, entry] {
    std::lock_guard cache_lock(scope.cache_mutex);
    scope.cache.add(entry);
  });
  std::lock_guard cache_lock(scope.cache_mutex);
  scope.cache.remove(entry);
}

/// The row of that id is to have another entry than the cache has for it, if any: another connection has removed or
/// renamed the parameter that had the row, which this store has not taken in yet. Until then the entry goes without a
/// row.
void free_id(Change& change, std::int64_t id) {
  ScopeState& scope = change.scope();
  const EntryPtr entry = scope.cache.find(id);
  if (!entry) return;
  change.on_undo([&scope, entry, id] {
    std::lock_guard cache_lock(scope.cache_mutex);
    scope.cache.set_id(entry, id);
  });
  std::lock_guard cache_lock(scope.cache_mutex);
  scope.cache.set_id(entry, scope.cache.id_without_row());
}

/// Notes that the leaf's contents are now the row's.
void mark_clean(Entry& entry, Revision revision, std::uint64_t checksum) {
  entry.record.revision = revision;
  entry.record.checksum = checksum;
  entry.stored_checksum = checksum;
  entry.stored_version = version_of(entry.leaf);
}

storage::ParamRecord record_of(const ScopeState& scope, const at::Tensor& leaf, std::string_view name,
                               const Constraint& constraint, std::uint64_t checksum) {
  storage::ParamRecord record;
  record.name = name;
  record.constraint_tag = constraint.tag();
  record.checksum = checksum;
  describe(leaf, record, scope.path);
  return record;
}

EntryPtr new_entry(storage::ParamRecord record, std::int64_t id, const Constraint& constraint, const at::Tensor& leaf,
                   Revision revision) {
  record.id = id;
  const std::uint64_t checksum = *record.checksum;
  auto entry = std::make_shared<Entry>(std::move(record), constraint);
  entry->leaf = leaf;
  mark_clean(*entry, revision, checksum);
  return entry;
}

bool expands_to(at::IntArrayRef from, at::IntArrayRef to) {
  return from.size() <= to.size() &&
         std::equal(from.rbegin(), from.rend(), to.rbegin(), [](auto a, auto b) { return a == b || a == 1; });
}

/// "-1.5 at index [0, 2]", "the event of shape [3] at index [1]"; only the index if the check's shape says too little.
std::string describe_element(const at::Tensor& value, const at::Tensor& inside, const std::vector<std::int64_t>& index,
                             std::int64_t event_dim) {
  std::ostringstream text;
  // What a check takes together are its constraint's events, but for a few that say another event_dim; a bound with more
  // dimensions, or longer ones, stretches the value.
  const bool each = inside.sizes() == value.sizes();
  const std::int64_t together = std::max(value.dim() - inside.dim(), each ? 0 : event_dim);
  std::vector<std::int64_t> shape = inside.sizes().vec();
  if (together <= value.dim()) {
    const auto event = value.sizes().slice(static_cast<std::size_t>(value.dim() - together));
    shape.insert(shape.end(), event.begin(), event.end());
  }
  if (expands_to(value.sizes(), shape)) {
    at::Tensor element = value.detach().expand(shape);
    for (std::int64_t i : index) element = element[i];
    if (element.dim() > 0) {
      text << "the event of shape " << element.sizes();
    } else {
      text.precision(9);
      if (element.is_complex()) {
        text << element.to(at::kComplexDouble).item().toComplexDouble();
      } else {
        text << element.to(at::kDouble).item().toDouble();
      }
    }
    text << " ";
  }
  text << "at index [";
  for (std::size_t i = 0; i < index.size(); ++i) text << (i ? ", " : "") << index[i];
  text << "]";
  return text.str();
}

void require_inside(const ScopeState& scope, std::string_view name, const Constraint& constraint,
                    const at::Tensor& value) {
  const at::Tensor inside = naming(scope, name, [&] { return constraint.check(value); }).cpu();
  if (inside.all().item().toBool()) return;
  const at::Tensor outside = inside.logical_not().nonzero();
  std::vector<std::int64_t> index;
  for (std::int64_t dim = 0; dim < outside.size(1); ++dim) index.push_back(outside[0][dim].item().toLong());
  std::string message = "parameter '" + std::string(name) + "'" + of_file(scope.path) + ": expected a value under " +
                        the_constraint(constraint.tag()) + ", found " +
                        describe_element(value, inside, index, constraint.event_dim());
  if (outside.size(0) > 1) message += " and " + std::to_string(outside.size(0) - 1) + " more";
  message += "; nothing was stored. StoreOptions().validate(false) turns this check off";
  throw ConstraintViolation(message, std::string(name), constraint.tag(), std::move(index));
}

}  // namespace

void throw_stale(const ScopeState& scope, std::vector<std::string> names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "'" : ", '") + name + "'";
  throw StaleParam(
      "changed in '" + scope.path + "' by another connection since this store read them: " + list +
          "; nothing was written. refresh() picks up theirs, commit(Conflict::overwrite) keeps this store's",
      std::move(names));
}

at::Tensor to_unconstrained(const StoreCore& core, const ScopeState& scope, std::string_view name,
                            const Constraint& constraint, const at::Tensor& value) {
  require_supported(value, name, scope.path);
  c10::InferenceMode ordinary(false);
  c10::AutoGradMode no_grad(false);
  const at::Tensor plain = value.detach();
  if (core.options.validate()) require_inside(scope, name, constraint, plain);
  const at::Tensor unconstrained = naming(scope, name, [&] { return transform_to(constraint).inv(plain); });
  require_supported(unconstrained, name, scope.path);
  // An identity returns the caller's own memory, so copy it; anything else returns new memory, so do not copy again.
  const bool fresh = !unconstrained.is_alias_of(plain) && unconstrained.is_contiguous();
  return fresh ? unconstrained : copy_of(unconstrained);
}

EntryPtr insert_param(Change& change, std::string_view name, const Constraint& constraint, const at::Tensor& leaf) {
  if (change.scope().file->find(name)) throw_stale(change.scope(), {std::string(name)});
  const HostValue host(leaf);
  auto record = record_of(change.scope(), leaf, name, constraint, storage::value_checksum(host.bytes()));
  const std::int64_t id = change.rows().insert(record, host.bytes());
  auto entry = new_entry(std::move(record), id, constraint, leaf, change.rows().revision());
  free_id(change, id);
  add_entry(change, entry);
  return entry;
}

void overwrite_param(Change& change, const EntryPtr& entry, const Constraint& constraint, const at::Tensor& value,
                     Adopt adopt) {
  const HostValue host(value);
  auto record = record_of(change.scope(), value, entry->record.name, constraint, storage::value_checksum(host.bytes()));
  const std::int64_t id = entry->record.id;
  const Revision expected = entry->record.revision;
  const bool only_value = same_kind(entry->record, value) && entry->constraint == constraint;
  const bool written = only_value ? change.rows().update_value(id, expected, host.bytes(), *record.checksum)
                                  : change.rows().replace(id, expected, record, host.bytes());
  if (!written) throw_stale(change.scope(), {entry->record.name});

  at::Tensor leaf = entry->leaf;
  if (leaf.defined() && can_take(leaf, value)) {
    // A leaf that was pending must be so again for the version counter too, which only ever goes up.
    const bool was_clean = version_of(leaf) == entry->stored_version;
    change.on_undo([entry, was_clean, contents = copy_of(leaf)] {
      if (can_take(entry->leaf, contents)) {
        overwrite_contents(entry->leaf, contents);
      } else {
        entry->leaf.set_data(contents);  // the user has given it another kind of data
      }
      entry->stored_version = was_clean ? version_of(entry->leaf) : -1;
    });
    overwrite_contents(leaf, value);
  } else {
    leaf = as_leaf(adopt == Adopt::yes ? value : copy_of(value));
  }
  auto successor = new_entry(std::move(record), id, constraint, leaf, change.rows().revision());
  remove_entry(change, entry);
  add_entry(change, successor);
}

InPlaceWrites::InPlaceWrites(Change& change) : change_(change), before_(std::make_shared<std::vector<Before>>()) {
  change.on_undo([before = before_] {
    for (const Before& each : *before) {
      each.entry->record.revision = each.revision;
      each.entry->record.checksum = each.checksum;
      each.entry->stored_checksum = each.stored_checksum;
      each.entry->stored_version = each.stored_version;
    }
  });
}

void InPlaceWrites::write(const DirtyLeaf& dirty) {
  constexpr std::size_t many = 256;
  constexpr std::size_t many_bytes = 256 << 10;
  const auto& [entry, checksum] = dirty;
  if (!same_kind(entry->record, entry->leaf)) {
    not_written_.push_back(dirty);
    return;
  }
  const storage::ValueBytes bytes = contents_.emplace_back(entry->leaf).bytes();
  updates_.push_back({entry->record.id, entry->record.revision, bytes, checksum});
  waiting_.push_back(entry);
  waiting_bytes_ += bytes.size;
  if (waiting_.size() >= many || waiting_bytes_ >= many_bytes) write_waiting();
}

void InPlaceWrites::write_waiting() {
  auto& rows = change_.rows();
  rows.update_values(updates_);
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    const EntryPtr& entry = waiting_[i];
    const std::uint64_t checksum = updates_[i].checksum;
    if (!updates_[i].written) {
      not_written_.push_back({entry, checksum});
      continue;
    }
    before_->push_back(
        {entry, entry->record.revision, entry->record.checksum, entry->stored_checksum, entry->stored_version});
    mark_clean(*entry, rows.revision(), checksum);
  }
  updates_.clear();
  contents_.clear();
  waiting_.clear();
  waiting_bytes_ = 0;
}

std::vector<DirtyLeaf> InPlaceWrites::finish() {
  write_waiting();
  return std::move(not_written_);
}

bool write_anew(Change& change, const EntryPtr& entry, std::uint64_t checksum, Conflict conflict) {
  const HostValue host(entry->leaf);
  auto& rows = change.rows();
  auto record = record_of(change.scope(), entry->leaf, entry->record.name, entry->constraint, checksum);
  std::int64_t id = entry->record.id;
  if (!rows.replace(id, entry->record.revision, record, host.bytes())) {
    if (conflict == Conflict::error) return false;
    const auto theirs = change.scope().file->find(record.name);
    id = theirs ? theirs->id : rows.insert(record, host.bytes());
    if (theirs) rows.replace(id, std::nullopt, record, host.bytes());
  }
  auto successor = new_entry(std::move(record), id, entry->constraint, entry->leaf, rows.revision());
  remove_entry(change, entry);
  free_id(change, id);
  add_entry(change, successor);
  return true;
}

void erase_param(Change& change, const EntryPtr& entry) {
  if (!change.rows().erase(entry->record.id, entry->record.revision)) throw_stale(change.scope(), {entry->record.name});
  remove_entry(change, entry);
}

void clear_params(Change& change) {
  change.rows().clear();
  ScopeState& scope = change.scope();
  const auto before = std::make_shared<Cache>();
  {
    std::lock_guard cache_lock(scope.cache_mutex);  // param_name makes the index of leaves under it
    *before = scope.cache;
  }
  change.on_undo([&scope, before, complete = scope.complete] {
    std::lock_guard cache_lock(scope.cache_mutex);
    std::swap(scope.cache, *before);
    scope.complete = complete;
  });
  std::lock_guard cache_lock(scope.cache_mutex);
  scope.cache.clear();
  scope.complete = true;
}

}  // namespace paramstore
