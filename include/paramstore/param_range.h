// What `items()`, `keys()` and `values()` give: ranges that look a parameter up when it is reached.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "paramstore/export.h"
#include "paramstore/param.h"

namespace paramstore {

class ParamCursor;  // lib/store

/// A lazy range over the scope that was active when it was made. Its iterators are input iterators. It survives changes
/// to the store: parameters erased meanwhile are skipped, and it ends at what was the last parameter when it began, so a
/// loop may erase and add. (A parameter that reuses the id of an erased one may be reached.)
template <class Value>
class PARAMSTORE_EXPORT ParamRange {
 public:
  using value_type = Value;

  class PARAMSTORE_EXPORT iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using pointer = value_type*;
    using reference = value_type&;

    iterator() = default;  // the end

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
    friend class ParamRange;
    void step();
    std::shared_ptr<ParamCursor> cursor_;
    std::shared_ptr<value_type> value_;  // null at the end
  };
  using const_iterator = iterator;

  iterator begin() const;
  iterator end() const { return iterator(); }

 private:
  friend class ParamStore;
  explicit ParamRange(std::shared_ptr<const ParamCursor> start) : start_(std::move(start)) {}
  std::shared_ptr<const ParamCursor> start_;
};

/// Pairs of name and constrained value.
using ItemRange = ParamRange<std::pair<std::string, Param>>;
/// Names.
using KeyRange = ParamRange<std::string>;
/// Constrained values.
using ValueRange = ParamRange<Param>;

extern template class ParamRange<std::pair<std::string, Param>>;
extern template class ParamRange<std::string>;
extern template class ParamRange<Param>;

}  // namespace paramstore
