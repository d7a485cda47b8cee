#include "lib/store/cache.h"

#include <algorithm>
#include <iterator>
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

EntryPtr Cache::find_leaf(const at::Tensor& leaf) {
  if (!leaf_asked_for_) {
    leaf_asked_for_ = true;
    try {
      for (const auto& [id, entry] : by_id_) remember_leaf(entry);
    } catch (...) {  // out of memory: a partial index would give wrong answers
      by_leaf_.clear();
      leaf_asked_for_ = false;
      throw;
    }
  }
  const auto [begin, end] = by_leaf_.equal_range(leaf.unsafeGetTensorImpl());
  const auto first = std::min_element(
      begin, end, [](const auto& a, const auto& b) { return a.second->record.id < b.second->record.id; });
  return first == end ? nullptr : first->second;
}

EntryPtr Cache::after(std::int64_t id) const {
  auto found = by_id_.upper_bound(id);
  return found == by_id_.end() ? nullptr : found->second;
}

void Cache::add(EntryPtr entry) {
  by_name_.emplace(entry->record.name, entry);
  remember_leaf(entry);
  const std::int64_t id = entry->record.id;
  by_id_.emplace_hint(by_id_.end(), id, std::move(entry));
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

void Cache::set_id(const EntryPtr& entry, std::int64_t id) {
  by_id_.erase(entry->record.id);
  entry->record.id = id;
  by_id_.emplace(id, entry);
}

std::int64_t Cache::last_row() const noexcept {
  const auto after = by_id_.upper_bound(largest_row);
  return after == by_id_.begin() ? 0 : std::prev(after)->first;
}

std::int64_t Cache::id_without_row() const noexcept {
  return std::max(largest_row, by_id_.empty() ? 0 : by_id_.rbegin()->first) + 1;
}

void Cache::clear() noexcept {
  by_name_.clear();
  by_id_.clear();
  by_leaf_.clear();
}

void Cache::remember_leaf(const EntryPtr& entry) {
  if (leaf_asked_for_ && entry->leaf.defined()) by_leaf_.emplace(entry->leaf.unsafeGetTensorImpl(), entry);
}

void Cache::forget_leaf(const EntryPtr& entry) noexcept {
  if (!entry->leaf.defined()) return;
  const auto [begin, end] = by_leaf_.equal_range(entry->leaf.unsafeGetTensorImpl());
  const auto found = std::find_if(begin, end, [&](const auto& item) { return item.second == entry; });
  if (found != end) by_leaf_.erase(found);
}

}  // namespace paramstore
