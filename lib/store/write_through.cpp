#include "lib/store/write_through.h"

#include <optional>
#include <utility>

#include "lib/store/leaf.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

EntryPtr new_entry(storage::ParamRecord record, const Constraint& constraint, const at::Tensor& leaf) {
  const std::uint64_t checksum = *record.checksum;
  auto entry = std::make_shared<Entry>(std::move(record), constraint);
  entry->leaf = leaf;
  entry->stored_checksum = checksum;
  return entry;
}

}  // namespace

NewEntry::NewEntry(StoredRow made_from, const Constraint& constraint, const at::Tensor& leaf)
    : row(std::move(made_from)), entry(new_entry(row.take_record(0, 0), constraint, leaf)) {}

void throw_stale(const ScopeState& scope, std::vector<std::string> names, Remedy remedy) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "'" : ", '") + name + "'";
  throw StaleParam("changed in '" + scope.path + "' by another connection since this store read them: " + list +
                       "; nothing was written. " +
                       (remedy == Remedy::overwrite
                            ? "refresh() picks up theirs, commit(Conflict::overwrite) keeps this store's"
                            : "refresh() picks up theirs; then repeat the call to put this store's in their place"),
                   std::move(names));
}

bool try_insert_param(Change& change, const NewEntry& added) {
  auto& rows = change.rows();
  auto& replacements = change.effects().replacements;
  replacements.push_back({nullptr, added.entry, {}, {}});  // before the row is there: this may fail
  storage::ParamRecord& record = added.entry->record;
  const auto id = rows.try_insert(record, added.row.bytes());
  if (!id) {
    replacements.pop_back();
    return false;
  }
  record.id = *id;
  record.revision = rows.revision();
  return true;
}

void insert_param(Change& change, std::string_view name, const Constraint& constraint, const at::Tensor& leaf) {
  const NewEntry added(row_of(name, constraint.tag(), leaf, change.scope().path), constraint, leaf);
  if (!try_insert_param(change, added)) throw_stale(change.scope(), {std::string(name)}, Remedy::repeat);
}

void overwrite_param(Change& change, const EntryPtr& entry, const Constraint& constraint, const at::Tensor& value,
                     Adopt adopt) {
  auto& rows = change.rows();
  StoredRow row = row_of(entry->record.name, constraint.tag(), value, change.scope().path);
  const std::int64_t id = entry->record.id;
  const Revision expected = entry->record.revision;
  const bool only_value = same_kind(entry->record, value) && entry->constraint == constraint;
  const bool written = only_value ? rows.update_value(id, expected, row.bytes(), *row.record().checksum)
                                  : rows.replace(id, expected, row.record(), row.bytes());
  if (!written) throw_stale(change.scope(), {entry->record.name}, Remedy::repeat);

  const bool leaf_stays = entry->leaf.defined() && can_take(entry->leaf, value);
  const at::Tensor leaf = leaf_stays ? entry->leaf : as_leaf(adopt == Adopt::yes ? value : copy_of(value));
  change.effects().replacements.push_back({entry,
                                           new_entry(row.take_record(id, rows.revision()), constraint, leaf),
                                           leaf_stays ? value : at::Tensor(),
                                           {}});
}

bool write_anew(Change& change, const EntryPtr& entry, std::uint64_t checksum, Conflict conflict) {
  auto& rows = change.rows();
  StoredRow row(entry->record.name, entry->constraint.tag(), entry->leaf, HashedValue(entry->leaf, checksum),
                change.scope().path);
  std::int64_t id = entry->record.id;
  if (!rows.replace(id, entry->record.revision, row.record(), row.bytes())) {
    if (conflict == Conflict::error) return false;
    const auto theirs = rows.file().find(entry->record.name);
    id = theirs ? theirs->id : rows.insert(row.record(), row.bytes());
    if (theirs) rows.replace(id, std::nullopt, row.record(), row.bytes());
  }
  change.effects().replacements.push_back(
      {entry, new_entry(row.take_record(id, rows.revision()), entry->constraint, entry->leaf), {}, {}});
  return true;
}

void erase_param(Change& change, const EntryPtr& entry) {
  if (!change.rows().erase(entry->record.id, entry->record.revision))
    throw_stale(change.scope(), {entry->record.name}, Remedy::repeat);
  change.effects().replacements.push_back({entry, nullptr, {}, {}});
}

void clear_params(Change& change) {
  change.rows().clear();
  change.effects().clear = true;
}

}  // namespace paramstore
