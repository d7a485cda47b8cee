#include "lib/store/apply.h"

#include <exception>
#include <string>
#include <utility>

#include "lib/store/adoption.h"
#include "lib/store/leaf.h"
#include "lib/store/warning.h"

namespace paramstore {
namespace {

void change_entries(ScopeState& scope, Effects& effects, Reversal* reversal) noexcept PARAMSTORE_REQUIRES(store_mutex) {
  std::exception_ptr failure;
  EntryPtr failed;
  {
    MutexLock cache_lock(scope.cache_mutex);
    Cache& cache = scope.changing_cache();
    if (effects.clear) {
      if (reversal) reversal->note_clear(cache, scope.complete);
      cache.clear();
      scope.complete = true;
    }
    // First free all ids, then assign the new ones: parameters may have swapped rows.
    for (const Move& each : effects.moves) cache.set_id(each.entry, cache.id_without_row());
    for (const Replacement& each : effects.replacements) {
      if (!each.before) continue;
      if (!each.after) {
        if (reversal) {
          reversal->note_removed(cache.take_out(*each.before));
        } else {
          cache.remove(*each.before);
        }
      } else {
        if (reversal) reversal->note_replaced(each);
        if (each.before->record.id != each.after->record.id) cache.set_id(each.before, cache.id_without_row());
      }
    }
    for (const Move& each : effects.moves) {
      if (each.id) cache.set_id(each.entry, *each.id);
    }
    for (const Replacement& each : effects.replacements) {
      if (!each.after) continue;
      // Another connection has removed or renamed the parameter that had this row, and this store has not picked that
      // up yet. Until then that entry has no row. (This cannot happen in a batch: it holds the write lock.)
      const EntryPtr displaced = cache.find(each.after->record.id);
      if (displaced && displaced != each.before) cache.set_id(displaced, cache.id_without_row());
      each.after->uncommitted = reversal != nullptr;
      if (each.before) {
        cache.replace(*each.before, each.after);
        continue;
      }
      if (reversal) reversal->note_added(each.after);
      try {
        cache.add(each.after);
      } catch (...) {
        failure = std::current_exception();
        failed = each.after;
      }
    }
  }
  if (failed) drop_entry(scope, failed, failure);
}

void change_leaves(ScopeState& scope, Effects& effects) noexcept PARAMSTORE_REQUIRES(store_mutex) {
  for (Replacement& each : effects.replacements) {
    if (!each.contents.defined()) continue;
    try {
      overwrite_contents(each.after->leaf, each.contents);
    } catch (...) {
      drop_entry(scope, each.after, std::current_exception());
      each.after.reset();
    }
  }
  // After all contents, because two parameters may share one leaf.
  for (Replacement& each : effects.replacements) {
    if (!each.after || !each.after->leaf.defined()) continue;
    try {
      each.after->stored_version = version_of(each.after->leaf);
    } catch (...) {
      drop_entry(scope, each.after, std::current_exception());
    }
  }
}

void stamp(Effects& effects, Reversal* reversal) noexcept {
  for (const Stamp& each : effects.stamps) {
    if (reversal) reversal->note_stamped(each.entry);
    Entry& entry = *each.entry;
    entry.record.revision = effects.revision;
    entry.record.checksum = each.checksum;
    entry.stored_checksum = each.checksum;
    entry.stored_version = each.version;
  }
}

}  // namespace

void apply(ScopeState& scope, Effects&& effects, Reversal* reversal) noexcept {
  change_entries(scope, effects, reversal);
  change_leaves(scope, effects);
  stamp(effects, reversal);
  for (const LeafExchange& each : effects.exchanges) {
    if (reversal) reversal->note_exchanged(each);
    try {
      make_exchange(each);
    } catch (...) {
      drop_entry(*each.scope, each.entry, std::current_exception());
    }
  }
}

void drop_entry(ScopeState& scope, const EntryPtr& entry, const std::exception_ptr& why) noexcept {
  scope.complete = false;
  {
    MutexLock cache_lock(scope.cache_mutex);
    if (scope.cache().holds(*entry)) scope.changing_cache().remove(*entry);
  }
  try {
    std::string reason;
    try {
      std::rethrow_exception(why);
    } catch (const std::exception& error) {
      reason = error.what();
    }
    warn("parameter '" + entry->record.name + "'" + of_file(scope.path) +
         ": the file has its new value, but memory could not be updated (" + reason +
         "). It will be read from the file; a tensor that the store gave for it before is no longer its "
         "leaf: ask the store again");
  } catch (...) {
    // No memory for the warning. The entry is gone in any case, so nothing wrong is shown.
  }
}

}  // namespace paramstore
