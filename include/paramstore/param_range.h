// What `items()`, `keys()` and `values()` give: ranges that look a parameter up when it is reached.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "paramstore/export.h"
#include "paramstore/param.h"

namespace paramstore {

class StoreCore;
struct ScopeState;

/// The position of an iteration. It survives changes to the store: parameters erased meanwhile are skipped, and it ends
/// at what was the last parameter when it began, so a loop may erase and add. (A parameter that reuses the id of an
/// erased one may be reached.)
class PARAMSTORE_EXPORT ParamCursor {
 public:
  ParamCursor(std::shared_ptr<StoreCore> store, std::shared_ptr<ScopeState> scope);

  /// Moves to the next parameter in insertion order. False at the end.
  bool advance();
  /// The same, and computes its constrained value.
  bool advance_to_value();
  const std::string& name() const noexcept { return name_; }
  const Param& value() const noexcept { return value_; }

 private:
  std::shared_ptr<StoreCore> store_;
  std::shared_ptr<ScopeState> scope_;
  std::int64_t id_ = 0;                  // of the row it stands on
  std::optional<std::int64_t> last_id_;  // of the rows there were when it began
  std::string name_;
  Param value_;
};

namespace detail {
struct KeyOf {
  using type = std::string;
  static bool advance(ParamCursor& cursor) { return cursor.advance(); }
  static type get(const ParamCursor& cursor) { return cursor.name(); }
};
struct ValueOf {
  using type = Param;
  static bool advance(ParamCursor& cursor) { return cursor.advance_to_value(); }
  static type get(const ParamCursor& cursor) { return cursor.value(); }
};
struct ItemOf {
  using type = std::pair<std::string, Param>;
  static bool advance(ParamCursor& cursor) { return cursor.advance_to_value(); }
  static type get(const ParamCursor& cursor) { return {cursor.name(), cursor.value()}; }
};
}  // namespace detail

/// A lazy range over the scope that was active when it was made. Its iterators are input iterators.
template <class Projection>
class ParamRange {
 public:
  using value_type = typename Projection::type;

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = typename Projection::type;
    using difference_type = std::ptrdiff_t;
    using pointer = value_type*;
    using reference = value_type&;

    iterator() = default;  // the end
    explicit iterator(ParamCursor cursor) : cursor_(std::make_shared<ParamCursor>(std::move(cursor))) { step(); }

    reference operator*() const { return *value_; }
    pointer operator->() const { return value_.get(); }
    iterator& operator++() {
      step();
      return *this;
    }
    iterator operator++(int) {
      iterator before = *this;
      step();
      return before;
    }
    friend bool operator==(const iterator& a, const iterator& b) { return a.value_ == b.value_; }
    friend bool operator!=(const iterator& a, const iterator& b) { return !(a == b); }

   private:
    void step() {
      value_ = Projection::advance(*cursor_) ? std::make_shared<value_type>(Projection::get(*cursor_)) : nullptr;
    }
    std::shared_ptr<ParamCursor> cursor_;
    std::shared_ptr<value_type> value_;  // null at the end
  };
  using const_iterator = iterator;

  explicit ParamRange(ParamCursor start) : start_(std::move(start)) {}
  iterator begin() const { return iterator(start_); }
  iterator end() const { return iterator(); }

 private:
  ParamCursor start_;
};

/// Pairs of name and constrained value.
using ItemRange = ParamRange<detail::ItemOf>;
/// Names.
using KeyRange = ParamRange<detail::KeyOf>;
/// Constrained values.
using ValueRange = ParamRange<detail::ValueOf>;

}  // namespace paramstore
