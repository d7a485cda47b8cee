#include "cache.h"

#include <utility>

namespace paramstore {

Entry::Entry(storage::ParamRecord row, Constraint parsed)
    : record(std::move(row)), constraint(std::move(parsed)), is_real(constraint == constraints::real) {}

EntryPtr Cache::find(std::string_view name) const {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

EntryPtr Cache::find(std::int64_t id) const {
  auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

EntryPtr Cache::find_leaf(const at::Tensor& leaf) const {
  auto found = by_leaf_.find(leaf.unsafeGetTensorImpl());
  return found == by_leaf_.end() ? nullptr : found->second;
}

EntryPtr Cache::after(std::int64_t id) const {
  auto found = by_id_.upper_bound(id);
  return found == by_id_.end() ? nullptr : found->second;
}

void Cache::add(const EntryPtr& entry) {
  by_name_.emplace(entry->record.name, entry);
  by_id_.emplace_hint(by_id_.end(), entry->record.id, entry);
  remember_leaf(entry);
}

void Cache::remove(const EntryPtr& entry) noexcept {
  by_name_.erase(entry->record.name);
  by_id_.erase(entry->record.id);
  forget_leaf(entry);
}

void Cache::set_leaf(const EntryPtr& entry, const at::Tensor& leaf) {
  forget_leaf(entry);
  entry->leaf = leaf;
  remember_leaf(entry);
}

void Cache::clear() noexcept {
  by_name_.clear();
  by_id_.clear();
  by_leaf_.clear();
}

void Cache::remember_leaf(const EntryPtr& entry) {
  // Tied weights: two names may have one leaf. The first name keeps it.
  if (entry->leaf.defined()) by_leaf_.emplace(entry->leaf.unsafeGetTensorImpl(), entry);
}

void Cache::forget_leaf(const EntryPtr& entry) noexcept {
  if (!entry->leaf.defined()) return;
  auto found = by_leaf_.find(entry->leaf.unsafeGetTensorImpl());
  if (found != by_leaf_.end() && found->second == entry) by_leaf_.erase(found);
}

}  // namespace paramstore
