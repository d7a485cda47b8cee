#include "paramstore/param_range.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "lib/store/lookup.h"
#include "lib/store/param_cursor.h"
#include "lib/store/store_core.h"
#include "paramstore/param_store.h"

namespace paramstore {

ParamCursor::ParamCursor(std::shared_ptr<StoreCore> store, std::shared_ptr<ScopeState> scope)
    : store_(std::move(store)), scope_(std::move(scope)) {}

bool ParamCursor::advance() {
  store_->require_opening_process();
  MutexLock cache_lock(scope_->cache_mutex);
  const Cache& cache = scope_->cache_in_passing();
  if (!last_id_) last_id_ = cache.last_row();
  EntryPtr next = cache.after(id_);
  // A row added since. Entries without a row come after all that have one.
  if (next && next->record.id > *last_id_) next = cache.after(std::max(id_, Cache::largest_row));
  if (!next) return false;
  id_ = next->record.id;
  name_ = next->record.name;
  return true;
}

bool ParamCursor::advance_to_value() {
  while (advance()) {
    // Another thread may have erased it since.
    if (auto found = find(*store_, *scope_, name_)) {
      value_ = constrained(*scope_, name_, found->leaf, found->constraint);
      return true;
    }
  }
  return false;
}

namespace {

std::shared_ptr<const ParamCursor> start(StoreCore& store) {
  ScopeState& scope = store.enter();
  const StoreLock locked(store, scope);
  list_all(scope);
  return std::make_shared<const ParamCursor>(store.shared_from_this(), scope.shared_from_this());
}

using Item = std::pair<std::string, Param>;

// What the cursor comes to next; null at the end.
void read_next(ParamCursor& cursor, std::shared_ptr<std::string>& name) {
  name = cursor.advance() ? std::make_shared<std::string>(cursor.name()) : nullptr;
}
void read_next(ParamCursor& cursor, std::shared_ptr<Param>& value) {
  value = cursor.advance_to_value() ? std::make_shared<Param>(cursor.value()) : nullptr;
}
void read_next(ParamCursor& cursor, std::shared_ptr<Item>& item) {
  item = cursor.advance_to_value() ? std::make_shared<Item>(cursor.name(), cursor.value()) : nullptr;
}

}  // namespace

template <class Value>
void ParamRange<Value>::iterator::step() {
  read_next(*cursor_, value_);
}

template <class Value>
typename ParamRange<Value>::iterator ParamRange<Value>::begin() const {
  iterator first;
  first.cursor_ = std::make_shared<ParamCursor>(*start_);
  first.step();
  return first;
}

template class ParamRange<Item>;
template class ParamRange<std::string>;
template class ParamRange<Param>;

ItemRange ParamStore::items() const { return ItemRange(start(core())); }
KeyRange ParamStore::keys() const { return KeyRange(start(core())); }
ValueRange ParamStore::values() const { return ValueRange(start(core())); }

}  // namespace paramstore
