#include "lib/numeric/number_encoding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "paramstore/error.h"

namespace paramstore::numeric {
namespace {

using storage::Dtype;

// A binary format of 16 bits: 1 of sign, then the exponent, then the fraction.
struct ShortFormat {
  int fraction_bits;
  int least_exponent;  // the smallest that a normal number has
};
constexpr ShortFormat half{10, -14};
constexpr ShortFormat brain{7, -126};

std::uint16_t encode_short(double value, const ShortFormat& format) {
  const int exponent_bits = 15 - format.fraction_bits;
  const std::uint32_t all_ones = (1U << exponent_bits) - 1;
  const std::uint32_t sign = std::signbit(value) ? 0x8000U : 0;
  if (std::isnan(value))
    return static_cast<std::uint16_t>(sign | all_ones << format.fraction_bits | 1U << (format.fraction_bits - 1));
  const double magnitude = std::abs(value);
  if (magnitude == 0) return static_cast<std::uint16_t>(sign);
  if (std::isinf(magnitude)) return static_cast<std::uint16_t>(sign | all_ones << format.fraction_bits);
  // In units of the last place; nearbyint rounds ties to even. Rounding up to the next power of two carries into the
  // exponent by itself, as the bits of such formats count on through all finite numbers.
  const int exponent = std::max(std::ilogb(magnitude), format.least_exponent);
  const double units = std::nearbyint(std::ldexp(magnitude, format.fraction_bits - exponent));
  const auto steps = static_cast<std::uint32_t>(exponent - format.least_exponent);
  std::uint64_t bits = (std::uint64_t{steps} << format.fraction_bits) + static_cast<std::uint64_t>(units);
  const std::uint64_t infinity = std::uint64_t{all_ones} << format.fraction_bits;
  if (bits > infinity) bits = infinity;
  return static_cast<std::uint16_t>(sign | static_cast<std::uint32_t>(bits));
}

template <class T>
void append(std::vector<char>& bytes, T value) {
  const std::size_t at = bytes.size();
  bytes.resize(at + sizeof value);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

void append_number(std::vector<char>& bytes, Dtype dtype, double value) {
  switch (dtype) {
    case Dtype::float16:
      return append(bytes, encode_short(value, half));
    case Dtype::bfloat16:
      return append(bytes, encode_short(value, brain));
    case Dtype::float32:
    case Dtype::complex64:
      return append(bytes, static_cast<float>(value));
    case Dtype::float64:
    case Dtype::complex128:
      return append(bytes, value);
  }
}

// Where rounding `number` gives infinity: half a unit of the last place beyond the largest number.
bool overflows(Dtype dtype, double number) {
  if (!std::isfinite(number)) return false;
  const double magnitude = std::abs(number);
  switch (dtype) {
    case Dtype::float16:
      return magnitude >= 65520.0;
    case Dtype::bfloat16:
      return magnitude >= 0x1.ffp127;
    case Dtype::float32:
    case Dtype::complex64:
      return std::isinf(static_cast<float>(magnitude));
    case Dtype::float64:
    case Dtype::complex128:
      return false;
  }
  return false;
}

// The fewest digits that are this number.
std::string shortest(double number) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

}  // namespace

std::vector<char> encode(Dtype dtype, const std::vector<Element>& numbers) {
  std::vector<char> bytes;
  bytes.reserve(numbers.size() * storage::dtype_size(dtype));
  const bool complex = is_complex(dtype);
  const std::string name(storage::dtype_name(dtype));
  for (const Element& number : numbers) {
    if (!complex && number.imag != 0)
      throw Error("the value has complex numbers, which " + name + " has not; choose --dtype complex64");
    for (const double part : {number.real, number.imag}) {
      if (overflows(dtype, part)) throw Error(shortest(part) + " is too large for " + name);
    }
    append_number(bytes, dtype, number.real);
    if (complex) append_number(bytes, dtype, number.imag);
  }
  return bytes;
}

}  // namespace paramstore::numeric
