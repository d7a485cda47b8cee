// The entries of a cache by name.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace paramstore {

/// A hash table whose slots lie side by side, each with its entry's hash: to find that a name is not there, as every new
/// parameter does, reads one cache line as a rule, where std::unordered_map follows pointers to several. Names live in
/// the entries' records.
template <class Entry>
class NameIndex {
 public:
  using Pointer = std::shared_ptr<Entry>;

  std::size_t size() const noexcept { return size_; }

  /// Null if the name is not there.
  const Pointer* find(std::string_view name) const noexcept {
    if (slots_.empty()) return nullptr;
    const Slot& slot = slots_[search(name)];
    return slot.entry ? &slot.entry : nullptr;
  }

  /// Makes room for that many entries in total. Only this allocates.
  void reserve(std::size_t count) {
    std::size_t slots = slots_.empty() ? least_slots : slots_.size();
    while (count > slots / 4 * 3) slots *= 2;
    if (slots == slots_.size()) return;
    std::vector<Slot> old(slots);
    old.swap(slots_);
    for (Slot& slot : old) {
      if (slot.entry) place(std::move(slot));
    }
  }

  /// The name must not be there, and there must be room.
  void add(Pointer entry) noexcept {
    const std::size_t hash = hash_of(entry->record.name);
    place({std::move(entry), hash});
    ++size_;
  }

  /// Puts `after` in the place of the entry of the same name.
  void replace(Pointer after) noexcept { slots_[search(after->record.name)].entry = std::move(after); }

  /// Does nothing if the name is not there.
  void remove(std::string_view name) noexcept {
    if (slots_.empty()) return;
    std::size_t hole = search(name);
    if (!slots_[hole].entry) return;
    const Pointer removed = std::move(slots_[hole].entry);  // the name may live in it
    // Entries behind the hole that could not have their own slot move up.
    for (std::size_t at = (hole + 1) & mask(); slots_[at].entry; at = (at + 1) & mask()) {
      const std::size_t wanted = slots_[at].hash & mask();
      if (((at - wanted) & mask()) < ((at - hole) & mask())) continue;
      slots_[hole] = std::move(slots_[at]);
      hole = at;
    }
    --size_;
  }

  void clear() noexcept {
    slots_.clear();
    size_ = 0;
  }

 private:
  struct Slot {
    Pointer entry;  // null: free
    std::size_t hash = 0;
  };
  static constexpr std::size_t least_slots = 16;

  // For short names several times as fast as std::hash.
  static std::size_t hash_of(std::string_view name) noexcept { return XXH3_64bits(name.data(), name.size()); }
  std::size_t mask() const noexcept { return slots_.size() - 1; }

  /// The slot of the name, or the free one where the search for it ends.
  std::size_t search(std::string_view name) const noexcept {
    const std::size_t hash = hash_of(name);
    std::size_t at = hash & mask();
    while (slots_[at].entry && (slots_[at].hash != hash || slots_[at].entry->record.name != name))
      at = (at + 1) & mask();
    return at;
  }

  void place(Slot&& slot) noexcept {
    std::size_t at = slot.hash & mask();
    while (slots_[at].entry) at = (at + 1) & mask();
    slots_[at] = std::move(slot);
  }

  std::vector<Slot> slots_;  // a power of two, at most three quarters of them in use
  std::size_t size_ = 0;
};

}  // namespace paramstore
