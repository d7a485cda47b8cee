#include "lib/store/cache.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

namespace paramstore {

Entry::Entry(storage::ParamRecord row, Constraint parsed)
    : record(std::move(row)), constraint(std::move(parsed)), is_real(constraint == constraints::real) {}

EntryPtr Cache::find(std::string_view name) const {
  const EntryPtr* found = by_name_.find(name);
  return found ? *found : nullptr;
}

EntryPtr Cache::find(std::int64_t id) const {
  if (by_id_.empty() || id > by_id_.rbegin()->first) return nullptr;  // a new row's
  auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

EntryPtr Cache::find_leaf(const at::Tensor& leaf) {
  if (!leaf_asked_for_) {
    leaf_asked_for_ = true;
    for (const auto& [id, entry] : by_id_) remember_leaf(entry);
    if (!leaf_asked_for_) throw std::bad_alloc();
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

bool Cache::holds(const Entry& entry) const noexcept { return peek(entry.record.name) == &entry; }

void Cache::add(EntryPtr entry) {
  by_name_.reserve(by_name_.size() + taken_out_ + 1);  // what may be put back must find room
  const std::int64_t id = entry->record.id;
  const EntryPtr& added = by_id_.emplace_hint(by_id_.end(), id, std::move(entry))->second;
  by_name_.add(added);
  remember_leaf(added);
}

void Cache::remove(const Entry& entry) noexcept {
  forget_leaf(entry);
  const std::int64_t id = entry.record.id;
  by_name_.remove(entry.record.name);
  by_id_.erase(id);  // last: it may hold the only reference to the entry
}

void Cache::replace(const Entry& before, EntryPtr after) noexcept {
  forget_leaf(before);
  by_name_.replace(after);
  auto id = by_id_.extract(before.record.id);
  id.key() = after->record.id;
  id.mapped().swap(after);  // keeps `before` alive until here
  const EntryPtr& here = by_id_.insert(std::move(id)).position->second;
  remember_leaf(here);
}

Cache::TakenOut Cache::take_out(const Entry& entry) noexcept {
  forget_leaf(entry);
  TakenOut taken;
  by_name_.remove(entry.record.name);
  taken.by_id_ = by_id_.extract(entry.record.id);
  ++taken_out_;
  return taken;
}

void Cache::put_back(TakenOut&& taken_out) noexcept {
  --taken_out_;
  remember_leaf(taken_out.entry());
  by_name_.add(taken_out.entry());
  by_id_.insert(std::move(taken_out.by_id_));
}

void Cache::set_leaf(const EntryPtr& entry, const at::Tensor& leaf) noexcept {
  forget_leaf(*entry);
  entry->leaf = leaf;
  remember_leaf(entry);
}

void Cache::set_id(const EntryPtr& entry, std::int64_t id) noexcept {
  auto node = by_id_.extract(entry->record.id);
  entry->record.id = id;
  node.key() = id;
  by_id_.insert(std::move(node));
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
  taken_out_ = 0;
}

void Cache::remember_leaf(const EntryPtr& entry) noexcept {
  if (!leaf_asked_for_ || !entry->leaf.defined()) return;
  try {
    by_leaf_.emplace(entry->leaf.unsafeGetTensorImpl(), entry);
  } catch (const std::bad_alloc&) {  // a partial index would give wrong answers; rebuild it on the next use
    by_leaf_.clear();
    leaf_asked_for_ = false;
  }
}

void Cache::forget_leaf(const Entry& entry) noexcept {
  if (!entry.leaf.defined()) return;
  const auto [begin, end] = by_leaf_.equal_range(entry.leaf.unsafeGetTensorImpl());
  const auto found = std::find_if(begin, end, [&](const auto& item) { return item.second.get() == &entry; });
  if (found != end) by_leaf_.erase(found);
}

}  // namespace paramstore
