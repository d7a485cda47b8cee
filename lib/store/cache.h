// What a scope keeps in memory: an entry for each parameter that was asked for.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "paramstore/constraint.h"
#include "paramstore/storage/param_record.h"

namespace paramstore {

struct Entry {
  storage::ParamRecord record;        // the row as this store last read or wrote it
  Constraint constraint;              // record.constraint_tag, parsed
  bool is_real;                       // the constrained value is the leaf itself
  at::Tensor leaf;                    // undefined until its value is asked for
  std::uint64_t stored_checksum = 0;  // of the row's value; the leaf is dirty if its contents differ
  std::int64_t stored_version = 0;    // the leaf's version counter when its contents were the row's

  Entry(storage::ParamRecord row, Constraint parsed);
};
using EntryPtr = std::shared_ptr<Entry>;

/// Entries by name, by row (insertion order) and by leaf. Change an entry's leaf or name only through the cache.
class Cache {
 public:
  /// Null if it does not exist.
  EntryPtr find(std::string_view name) const;
  EntryPtr find(std::int64_t id) const;
  /// If several share one leaf (tied weights), the first in order.
  EntryPtr find_leaf(const at::Tensor& leaf);
  /// The entry with the smallest id above `id`; null at the end.
  EntryPtr after(std::int64_t id) const;

  void add(EntryPtr entry);
  /// Reserves room for that many entries in total.
  void reserve(std::size_t count) { by_name_.reserve(count); }
  void remove(const EntryPtr& entry) noexcept;
  void set_leaf(const EntryPtr& entry, const at::Tensor& leaf);
  void set_id(const EntryPtr& entry, std::int64_t id);
  /// The largest id that a row can have, as schema/ says.
  static constexpr std::int64_t largest_row = std::int64_t{1} << 62;
  /// The largest id of an entry that has a row; 0 for none.
  std::int64_t last_row() const noexcept;
  /// For an entry whose row is gone: above every row's id and every entry's.
  std::int64_t id_without_row() const noexcept;
  void clear() noexcept;

  const std::map<std::int64_t, EntryPtr>& in_order() const noexcept { return by_id_; }

  /// Finds a parameter in memory without touching its reference count. Null if it does not exist.
  const Entry* peek(std::string_view name) const noexcept {
    auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second.get();
  }

 private:
  void remember_leaf(const EntryPtr& entry);
  void forget_leaf(const EntryPtr& entry) noexcept;

  std::unordered_map<std::string_view, EntryPtr> by_name_;  // keys live in their entry's record
  std::map<std::int64_t, EntryPtr> by_id_;
  // Filled on first use: few programs ask for a leaf's name.
  std::unordered_multimap<const c10::TensorImpl*, EntryPtr> by_leaf_;
  bool leaf_asked_for_ = false;
};

}  // namespace paramstore
