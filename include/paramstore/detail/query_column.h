// How query.h turns C++'s numbers into SQL's, and a row's columns into C++'s types. Not for use on its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/export.h"

namespace paramstore {

class QueryRow;

namespace detail {

/// SQL's value of a number. Throws Error if an integer exceeds 64 signed bits.
template <class Number>
auto sql_number(Number number) {
  if constexpr (std::is_floating_point_v<Number>) {
    return static_cast<double>(number);
  } else {
    if constexpr (std::is_unsigned_v<Number> && sizeof(Number) >= sizeof(std::int64_t)) {
      if (number > static_cast<Number>(std::numeric_limits<std::int64_t>::max())) {
        throw Error("the query argument " + std::to_string(number) +
                    " is larger than SQL's integers, which have 64 bits");
      }
    }
    return static_cast<std::int64_t>(number);
  }
}

// Each throws Error if the column holds another type.
PARAMSTORE_EXPORT std::int64_t integer_column(const QueryRow& row, std::size_t column);
PARAMSTORE_EXPORT double real_column(const QueryRow& row, std::size_t column);
PARAMSTORE_EXPORT const std::string& text_column(const QueryRow& row, std::size_t column);
PARAMSTORE_EXPORT const std::vector<std::byte>& blob_column(const QueryRow& row, std::size_t column);
[[noreturn]] PARAMSTORE_EXPORT void refuse_integer(const QueryRow& row, std::size_t column, std::int64_t value);
PARAMSTORE_EXPORT void require_columns(const QueryRow& row, std::size_t wanted);

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <class T>
constexpr bool fits(std::int64_t value) {
  if constexpr (std::is_unsigned_v<T>) {
    return value >= 0 && static_cast<std::uint64_t>(value) <= static_cast<std::uint64_t>(std::numeric_limits<T>::max());
  } else {
    return value >= std::int64_t{std::numeric_limits<T>::min()} && value <= std::int64_t{std::numeric_limits<T>::max()};
  }
}

/// The column as a T that is neither QueryValue nor optional.
template <class T>
T plain_column(const QueryRow& row, std::size_t column) {
  if constexpr (std::is_same_v<T, std::int64_t>) {
    return integer_column(row, column);
  } else if constexpr (std::is_integral_v<T>) {
    const std::int64_t value = integer_column(row, column);
    if (!fits<T>(value)) refuse_integer(row, column, value);
    return static_cast<T>(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(real_column(row, column));
  } else if constexpr (std::is_same_v<T, std::string>) {
    return text_column(row, column);
  } else {
    static_assert(std::is_same_v<T, std::vector<std::byte>>,
                  "a number, std::string, std::vector<std::byte>, QueryValue, or std::optional of one");
    return blob_column(row, column);
  }
}

}  // namespace detail
}  // namespace paramstore
