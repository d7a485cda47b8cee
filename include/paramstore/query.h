// What `ParamStore::query` takes and gives: arguments, rows and their columns.
//
//   for (const auto& row : store.query("SELECT name, norm FROM param_stats WHERE norm > ?", 10.0)) {
//     std::cout << row.get<std::string>("name") << " " << row.get<double>(1) << "\n";
//   }
//   const auto [count, largest] = store.query("SELECT count(*), max(nbytes) FROM param_list")
//                                     .one().to_tuple<std::int64_t, std::optional<std::int64_t>>();
//
// This header needs no LibTorch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "paramstore/detail/query_column.h"
#include "paramstore/export.h"

namespace at {
class Tensor;
}

namespace paramstore {

class QueryState;  // lib/sql: a connection and the statement that runs on it

/// An SQL value: NULL, INTEGER, REAL, TEXT or BLOB.
using QueryValue = std::variant<std::monostate, std::int64_t, double, std::string, std::vector<std::byte>>;

/// The value of a `?` in a query. Made from integers (bool too; Error if it exceeds 64 signed bits), floating-point
/// numbers (NaN becomes NULL, as in SQLite), text, bytes, nullptr and std::nullopt (NULL), a std::optional of these, or
/// a tensor, which becomes a blob of its elements, laid out as in the `value` column. Copies its source.
class PARAMSTORE_EXPORT QueryArgument {
 public:
  QueryArgument(std::nullptr_t) noexcept {}
  QueryArgument(std::nullopt_t) noexcept {}
  template <class Number, std::enable_if_t<std::is_arithmetic_v<Number> && !std::is_same_v<Number, char>, int> = 0>
  QueryArgument(Number number) : value_(detail::sql_number(number)) {}
  QueryArgument(const char* text) : value_(std::string(text)) {}
  QueryArgument(std::string_view text) : value_(std::string(text)) {}
  QueryArgument(std::string text) : value_(std::move(text)) {}
  QueryArgument(std::vector<std::byte> bytes) : value_(std::move(bytes)) {}
  QueryArgument(const at::Tensor& tensor);
  template <class T>
  QueryArgument(const std::optional<T>& maybe) : value_(maybe ? QueryArgument(*maybe).value_ : QueryValue()) {}

  const QueryValue& value() const noexcept { return value_; }

 private:
  QueryValue value_;
};

/// One row of a result. It owns its values and may outlive the query and the store.
class PARAMSTORE_EXPORT QueryRow {
 public:
  /// Columns count from 0.
  std::size_t size() const noexcept { return values_.size(); }
  const std::string& column_name(std::size_t column) const;

  /// The value as it is.
  const QueryValue& operator[](std::size_t column) const;
  bool is_null(std::size_t column) const { return std::holds_alternative<std::monostate>((*this)[column]); }
  bool is_null(std::string_view column) const { return is_null(index(column)); }

  /// The value as an integer, a floating-point number, std::string, std::vector<std::byte> or QueryValue, or a
  /// std::optional of one of these, which is empty for NULL. An INTEGER that a double can hold also reads as a
  /// floating-point number, and one that fits reads as any integer type (bool: 0 or 1); nothing else is converted.
  /// Throws Error, naming the column and what it holds, if the type differs, if it is NULL and T is not a
  /// std::optional, if the column does not exist, or if several have the name.
  template <class T>
  T get(std::size_t column) const {
    if constexpr (detail::IsOptional<T>::value) {
      if (is_null(column)) return std::nullopt;
      return get<typename T::value_type>(column);
    } else if constexpr (std::is_same_v<T, QueryValue>) {
      return (*this)[column];
    } else {
      return detail::plain_column<T>(*this, column);
    }
  }
  /// By the column's name: its AS alias, else its own name.
  template <class T>
  T get(std::string_view column) const {
    return get<T>(index(column));
  }

  /// All columns at once: auto [name, norm] = row.to_tuple<std::string, double>(). Throws as `get` does, and Error if
  /// the number of columns differs.
  template <class... T>
  std::tuple<T...> to_tuple() const {
    detail::require_columns(*this, sizeof...(T));
    return to_tuple_of<T...>(std::index_sequence_for<T...>());
  }

 private:
  friend class QueryState;
  using Names = std::vector<std::string>;
  QueryRow(std::shared_ptr<const Names> names, std::vector<QueryValue> values) noexcept
      : names_(std::move(names)), values_(std::move(values)) {}

  std::size_t index(std::string_view column) const;
  template <class... T, std::size_t... i>
  std::tuple<T...> to_tuple_of(std::index_sequence<i...>) const {
    return std::tuple<T...>(get<T>(i)...);
  }

  std::shared_ptr<const Names> names_;
  std::vector<QueryValue> values_;
};

/// The rows of a query, each read when it is reached. They are read once: a second `begin` continues after the last row
/// that was read, and copies share one position. The query's resources live as long as this or one of its iterators, or
/// until the last row has been read. May move between threads; read it from one thread at a time.
class PARAMSTORE_EXPORT QueryRows {
 public:
  class PARAMSTORE_EXPORT iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = QueryRow;
    using difference_type = std::ptrdiff_t;
    using pointer = const QueryRow*;
    using reference = const QueryRow&;

    iterator() = default;  // the end

    reference operator*() const noexcept { return *row_; }
    pointer operator->() const noexcept { return row_.get(); }
    /// Reads the next row. Throws StorageError with SQLite's code and message if that fails, Error if the store is
    /// closed or the query interrupted.
    iterator& operator++() {
      step();
      return *this;
    }
    iterator operator++(int) {
      iterator before = *this;
      step();
      return before;
    }
    friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.row_ == b.row_; }
    friend bool operator!=(const iterator& a, const iterator& b) noexcept { return !(a == b); }

   private:
    friend class QueryRows;
    explicit iterator(std::shared_ptr<QueryState> state) : state_(std::move(state)) { step(); }
    void step();
    std::shared_ptr<QueryState> state_;
    std::shared_ptr<const QueryRow> row_;  // null at the end
  };
  using const_iterator = iterator;

  /// Reads the first row. Throws as the iterator does.
  iterator begin() const { return iterator(state_); }
  iterator end() const noexcept { return {}; }

  /// The only row. Throws Error unless there is exactly one.
  QueryRow one() const;

  /// Ends the query, from any thread: a pending or later read of its next row throws Error. SQLite checks every few
  /// thousand steps, so not in the middle of one function call.
  void interrupt() const noexcept;

 private:
  friend class ParamStore;
  explicit QueryRows(std::shared_ptr<QueryState> state) noexcept : state_(std::move(state)) {}
  std::shared_ptr<QueryState> state_;
};

}  // namespace paramstore
