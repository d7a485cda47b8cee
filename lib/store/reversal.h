// How an open batch undoes its changes in memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "lib/store/effects.h"

namespace paramstore {

/// Owns what the batch has replaced: entries, and copies of the leaves' old contents. Going back allocates nothing: all
/// memory for it is allocated while the batch goes forward.
class Reversal {
 public:
  /// Reserves room to note that many more steps.
  void reserve(std::size_t steps);
  /// Reserves room to note `effects`, and copies the contents that they overwrite.
  void prepare(Effects& effects);

  // Reserve room before each.
  void note_added(const EntryPtr& entry) noexcept;
  void note_replaced(const Replacement& replacement) noexcept;
  void note_removed(Cache::TakenOut&& taken_out) noexcept { steps_.emplace_back(std::move(taken_out)); }
  void note_clear(Cache& cache, bool complete) noexcept;  // leaves `cache` empty
  void note_stamped(const EntryPtr& entry) noexcept;
  void note_exchanged(const LeafExchange& exchange) noexcept { steps_.emplace_back(exchange); }

  /// Restores memory. An entry that cannot be restored is dropped, and read again from the file at the next access.
  void go_back(ScopeState& scope) noexcept PARAMSTORE_REQUIRES(store_mutex);

  /// The batch is committed: other threads may see what it made.
  void settle(ScopeState& scope) noexcept PARAMSTORE_REQUIRES(store_mutex);

 private:
  struct Added {
    std::size_t count;  // of the last in `added_`
  };
  struct Replaced {
    EntryPtr before;
    EntryPtr after;
    std::int64_t id_before;
    at::Tensor contents;  // of the leaf, before; undefined if `after` has another leaf
    bool was_clean;       // by the version counter, which only goes up: what was pending must be pending again
  };
  struct Cleared {
    std::unique_ptr<Cache> cache;
    bool complete;
  };
  struct Stamped {
    EntryPtr entry;
    Revision revision;
    std::optional<std::uint64_t> checksum;
    std::uint64_t stored_checksum;
    std::int64_t stored_version;
  };
  using Step = std::variant<Added, Replaced, Cache::TakenOut, Cleared, Stamped, LeafExchange>;

  void take_back(ScopeState& scope, Added& step) noexcept PARAMSTORE_REQUIRES(store_mutex);
  static void take_back(ScopeState& scope, Replaced& step) noexcept PARAMSTORE_REQUIRES(store_mutex);
  static void take_back(ScopeState& scope, Cache::TakenOut& step) noexcept PARAMSTORE_REQUIRES(store_mutex);
  static void take_back(ScopeState& scope, Cleared& step) noexcept PARAMSTORE_REQUIRES(store_mutex);
  static void take_back(ScopeState& scope, Stamped& step) noexcept PARAMSTORE_REQUIRES(store_mutex);
  static void take_back(ScopeState& scope, LeafExchange& step) noexcept PARAMSTORE_REQUIRES(store_mutex);

  std::vector<Step> steps_;
  // Of all steps that added: a batch may add very many in a row, and a Step is large.
  std::vector<EntryPtr> added_;
  std::unique_ptr<Cache> for_clear_;  // made by `prepare`
};

}  // namespace paramstore
