// What a scope keeps in memory: an entry for each parameter that was asked for.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "lib/store/name_index.h"
#include "paramstore/constraint.h"
#include "paramstore/storage/param_record.h"

namespace paramstore {

struct Entry {
  storage::ParamRecord record;        // the row as this store last read or wrote it
  Constraint constraint;              // record.constraint_tag, parsed
  bool is_real;                       // the constrained value is the leaf itself
  bool uncommitted = false;           // made by a batch that is still open: other threads must wait for its end
  at::Tensor leaf;                    // undefined until its value is asked for
  std::uint64_t stored_checksum = 0;  // of the row's value; the leaf is dirty if its contents differ
  std::int64_t stored_version = 0;    // the leaf's version counter when its contents were the row's

  Entry(storage::ParamRecord row, Constraint parsed);
};
using EntryPtr = std::shared_ptr<Entry>;

/// Owns the entries: by name, by row (insertion order) and by leaf. Change an entry's leaf or name only through the
/// cache.
class Cache {
  using ById = std::map<std::int64_t, EntryPtr>;

 public:
  /// An entry that was taken out, with its node, so putting it back allocates nothing.
  class TakenOut {
   public:
    const EntryPtr& entry() const noexcept { return by_id_.mapped(); }

   private:
    friend class Cache;
    ById::node_type by_id_;
  };

  /// Null if it does not exist.
  EntryPtr find(std::string_view name) const;
  EntryPtr find(std::int64_t id) const;
  /// If several share one leaf (tied weights), the first in order.
  EntryPtr find_leaf(const at::Tensor& leaf);
  /// The entry with the smallest id above `id`; null at the end.
  EntryPtr after(std::int64_t id) const;
  /// Whether the cache has this very entry.
  bool holds(const Entry& entry) const noexcept;

  /// Its name and id must be free. If it throws (out of memory), nothing was added.
  void add(EntryPtr entry);
  /// Reserves room for that many entries in total.
  void reserve(std::size_t count) { by_name_.reserve(count); }

  // The following allocate nothing.
  void remove(const Entry& entry) noexcept;
  /// Puts `after` in the place of `before`. It must have the same name, and the same id or a free one.
  void replace(const Entry& before, EntryPtr after) noexcept;
  TakenOut take_out(const Entry& entry) noexcept;
  void put_back(TakenOut&& taken_out) noexcept;
  /// What was taken out will not be put back.
  void forget_taken_out() noexcept { taken_out_ = 0; }
  void set_leaf(const EntryPtr& entry, const at::Tensor& leaf) noexcept;
  void set_id(const EntryPtr& entry, std::int64_t id) noexcept;
  /// The largest id that a row can have, as schema/ says.
  static constexpr std::int64_t largest_row = std::int64_t{1} << 62;
  /// The largest id of an entry that has a row; 0 for none.
  std::int64_t last_row() const noexcept;
  /// For an entry whose row is gone: above every row's id and every entry's.
  std::int64_t id_without_row() const noexcept;
  void clear() noexcept;

  const ById& in_order() const noexcept { return by_id_; }

  /// Finds a parameter in memory without touching its reference count. Null if it does not exist.
  const Entry* peek(std::string_view name) const noexcept {
    const EntryPtr* found = by_name_.find(name);
    return found ? found->get() : nullptr;
  }

 private:
  void remember_leaf(const EntryPtr& entry) noexcept;
  void forget_leaf(const Entry& entry) noexcept;

  NameIndex<Entry> by_name_;
  ById by_id_;
  std::size_t taken_out_ = 0;  // entries that may be put back, for which by_name_ has room
  // Filled on first use: few programs ask for a leaf's name.
  std::unordered_multimap<const c10::TensorImpl*, EntryPtr> by_leaf_;
  bool leaf_asked_for_ = false;
};

}  // namespace paramstore
