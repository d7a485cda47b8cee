// Numbers of every dtype as bytes, written and read the slow and obvious way.
#pragma once

#include <cmath>
#include <complex>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "paramstore/storage/dtype.h"

namespace paramstore::sql::testing {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// A number of 1 sign bit, `exponent_bits` and `fraction_bits`, from its definition in IEEE 754.
inline double from_bits(std::uint32_t bits, int exponent_bits, int fraction_bits) {
  const std::uint32_t fraction = bits & ((1U << fraction_bits) - 1);
  const std::uint32_t exponent = bits >> fraction_bits & ((1U << exponent_bits) - 1);
  const double sign = (bits >> (exponent_bits + fraction_bits) & 1U) != 0 ? -1.0 : 1.0;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  if (exponent == (1U << exponent_bits) - 1) return fraction == 0 ? sign * infinity : not_a_number;
  if (exponent == 0) return sign * std::ldexp(static_cast<double>(fraction), 1 - bias - fraction_bits);
  return sign * std::ldexp(static_cast<double>(fraction + (1U << fraction_bits)),
                           static_cast<int>(exponent) - bias - fraction_bits);
}

/// The 16 bits that stand for `value`, which must be one of their numbers.
inline std::uint16_t to_bits(double value, int exponent_bits, int fraction_bits) {
  const auto key = [](double number) {
    std::uint64_t bits = 0;
    if (std::isnan(number)) number = not_a_number;  // one of many
    std::memcpy(&bits, &number, sizeof bits);
    return bits;
  };
  using Table = std::unordered_map<std::uint64_t, std::uint16_t>;
  static std::map<int, Table> tables;
  Table& table = tables[exponent_bits];
  if (table.empty()) {
    for (std::uint32_t bits = 0; bits < 65536; ++bits) {
      table.emplace(key(from_bits(bits, exponent_bits, fraction_bits)), static_cast<std::uint16_t>(bits));
    }
  }
  return table.at(key(value));
}

/// The bytes of these numbers as a value of a dtype. The 16-bit dtypes take only numbers they hold.
inline std::string encode(storage::Dtype dtype, const std::vector<std::complex<double>>& numbers) {
  std::string bytes;
  const auto append = [&](auto number) {
    char raw[sizeof number];
    std::memcpy(raw, &number, sizeof number);
    bytes.append(raw, sizeof raw);
  };
  for (const auto& number : numbers) {
    switch (dtype) {
      case storage::Dtype::float16:
        append(to_bits(number.real(), 5, 10));
        break;
      case storage::Dtype::bfloat16:
        append(to_bits(number.real(), 8, 7));
        break;
      case storage::Dtype::float32:
        append(static_cast<float>(number.real()));
        break;
      case storage::Dtype::float64:
        append(number.real());
        break;
      case storage::Dtype::complex64:
        append(static_cast<float>(number.real()));
        append(static_cast<float>(number.imag()));
        break;
      case storage::Dtype::complex128:
        append(number.real());
        append(number.imag());
        break;
    }
  }
  return bytes;
}

constexpr storage::Dtype all_dtypes[] = {storage::Dtype::float16,   storage::Dtype::bfloat16,
                                         storage::Dtype::float32,   storage::Dtype::float64,
                                         storage::Dtype::complex64, storage::Dtype::complex128};

inline bool complex_dtype(storage::Dtype dtype) {
  return dtype == storage::Dtype::complex64 || dtype == storage::Dtype::complex128;
}

inline std::string quoted(storage::Dtype dtype) { return "'" + std::string(storage::dtype_name(dtype)) + "'"; }

}  // namespace paramstore::sql::testing
