#include "lib/store/reversal.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <string>
#include <utility>

#include "lib/store/adoption.h"
#include "lib/store/apply.h"
#include "lib/store/leaf.h"

namespace paramstore {
namespace {

/// Restores the leaf's contents. The common case allocates nothing.
void restore_contents(const at::Tensor& leaf, const at::Tensor& contents) {
  const bool plain = can_take(leaf, contents) && leaf.device().is_cpu() && leaf.is_contiguous() && !leaf.is_neg() &&
                     !leaf.is_conj() && !leaf.is_inference();
  if (plain) {
    if (contents.nbytes() != 0) std::memcpy(leaf.data_ptr(), contents.data_ptr(), contents.nbytes());
    leaf.unsafeGetTensorImpl()->bump_version();
  } else if (can_take(leaf, contents)) {
    overwrite_contents(leaf, contents);
  } else {
    leaf.set_data(contents);  // the user has given it another kind of data
  }
}

/// Removes the entry that the batch made under that name, or that was read from its uncommitted row.
void remove_name(ScopeState& scope, const std::string& name) noexcept PARAMSTORE_REQUIRES(store_mutex) {
  MutexLock cache_lock(scope.cache_mutex);
  if (const EntryPtr now = scope.cache().find(name)) scope.changing_cache().remove(*now);
}

}  // namespace

void Reversal::reserve(std::size_t steps) {
  const auto reserve_in = [&](auto& vector) {
    const std::size_t wanted = vector.size() + steps;
    if (wanted > vector.capacity()) vector.reserve(std::max(wanted, 2 * vector.capacity()));
  };
  reserve_in(steps_);
  reserve_in(added_);
}

void Reversal::prepare(Effects& effects) {
  reserve((effects.clear ? 1 : 0) + effects.replacements.size() + effects.stamps.size() + effects.exchanges.size());
  if (effects.clear && !for_clear_) for_clear_ = std::make_unique<Cache>();
  for (Replacement& each : effects.replacements) {
    if (!each.contents.defined()) continue;
    each.contents_before = copy_of(each.after->leaf);
    each.was_clean = version_of(each.after->leaf) == each.before->stored_version;
  }
}

void Reversal::note_added(const EntryPtr& entry) noexcept {
  added_.push_back(entry);
  Added* const last = steps_.empty() ? nullptr : std::get_if<Added>(&steps_.back());
  if (last) {
    ++last->count;
  } else {
    steps_.emplace_back(Added{1});
  }
}

void Reversal::note_replaced(const Replacement& replacement) noexcept {
  steps_.emplace_back(Replaced{replacement.before, replacement.after, replacement.before->record.id,
                               replacement.contents_before, replacement.was_clean});
}

void Reversal::note_clear(Cache& cache, bool complete) noexcept {
  std::swap(*for_clear_, cache);
  steps_.emplace_back(Cleared{std::move(for_clear_), complete});
}

void Reversal::note_stamped(const EntryPtr& entry) noexcept {
  steps_.emplace_back(
      Stamped{entry, entry->record.revision, entry->record.checksum, entry->stored_checksum, entry->stored_version});
}

void Reversal::go_back(ScopeState& scope) noexcept {
  while (!steps_.empty()) {
    // Not std::visit: the thread-safety analysis cannot follow it.
    Step& step = steps_.back();
    if (auto* added = std::get_if<Added>(&step)) take_back(scope, *added);
    if (auto* replaced = std::get_if<Replaced>(&step)) take_back(scope, *replaced);
    if (auto* taken_out = std::get_if<Cache::TakenOut>(&step)) take_back(scope, *taken_out);
    if (auto* cleared = std::get_if<Cleared>(&step)) take_back(scope, *cleared);
    if (auto* stamped = std::get_if<Stamped>(&step)) take_back(scope, *stamped);
    if (auto* exchange = std::get_if<LeafExchange>(&step)) take_back(scope, *exchange);
    steps_.pop_back();
  }
  // Their rows go back too. (Most have made room for the entry that they replaced.)
  for (const EntryPtr& entry : scope.read_uncommitted) {
    MutexLock cache_lock(scope.cache_mutex);
    if (!scope.cache().holds(*entry)) continue;
    scope.changing_cache().remove(*entry);
    scope.complete = false;
  }
  scope.read_uncommitted.clear();
}

void Reversal::settle(ScopeState& scope) noexcept {
  MutexLock cache_lock(scope.cache_mutex);
  for (const EntryPtr& entry : added_) entry->uncommitted = false;
  for (Step& step : steps_) {
    if (auto* replaced = std::get_if<Replaced>(&step)) replaced->after->uncommitted = false;
  }
  for (const EntryPtr& entry : scope.read_uncommitted) entry->uncommitted = false;
  scope.read_uncommitted.clear();
  scope.changing_cache().forget_taken_out();
  steps_.clear();
  added_.clear();
}

void Reversal::take_back(ScopeState& scope, Added& step) noexcept {
  for (; step.count > 0; --step.count) {
    remove_name(scope, added_.back()->record.name);
    added_.pop_back();
  }
}

void Reversal::take_back(ScopeState& scope, Replaced& step) noexcept {
  std::exception_ptr failure;
  if (step.contents.defined()) {  // first: once `before` is in the cache, other threads use its leaf
    try {
      restore_contents(step.before->leaf, step.contents);
      step.before->stored_version = step.was_clean ? version_of(step.before->leaf) : -1;
    } catch (...) {
      failure = std::current_exception();
    }
  }
  {
    MutexLock cache_lock(scope.cache_mutex);
    // Usually `after`. If that was dropped: an entry read in its place, or none, and then the file is read again.
    const EntryPtr now = scope.cache().find(step.before->record.name);
    if (!now) return;
    step.before->record.id = step.id_before;
    scope.changing_cache().replace(*now, step.before);
  }
  if (failure) drop_entry(scope, step.before, failure);
}

void Reversal::take_back(ScopeState& scope, Cache::TakenOut& step) noexcept {
  remove_name(scope, step.entry()->record.name);
  MutexLock cache_lock(scope.cache_mutex);
  scope.changing_cache().put_back(std::move(step));
}

void Reversal::take_back(ScopeState& scope, Cleared& step) noexcept {
  MutexLock cache_lock(scope.cache_mutex);
  std::swap(scope.changing_cache(), *step.cache);
  scope.complete = step.complete;
}

void Reversal::take_back(ScopeState&, Stamped& step) noexcept {
  step.entry->record.revision = step.revision;
  step.entry->record.checksum = step.checksum;
  step.entry->stored_checksum = step.stored_checksum;
  step.entry->stored_version = step.stored_version;
}

void Reversal::take_back(ScopeState&, LeafExchange& step) noexcept {
  try {
    take_back_exchange(step);
  } catch (...) {
    drop_entry(*step.scope, step.entry, std::current_exception());
  }
}

}  // namespace paramstore
