#include "lib/numeric/element_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <limits>

#include "lib/text/number_text.h"

namespace paramstore::numeric {
namespace {

/// The distance from `magnitude`, which a dtype of `digits` binary digits holds, to the next larger number it could
/// hold if its exponents had no upper end, and to the next smaller one.
struct Gaps {
  double above;
  double below;
};

Gaps gaps_of(double magnitude, int digits, int least_exponent) {
  int exponent = 0;
  const double fraction = std::frexp(magnitude, &exponent);  // in [0.5, 1)
  const double above = std::ldexp(1.0, std::max(exponent, least_exponent) - digits);
  const bool at_power_of_two = fraction == 0.5 && exponent > least_exponent;
  return {above, at_power_of_two ? above / 2 : above};
}

/// Of a type with fewer digits than float, for which there is no std::to_chars: tries one digit after the other.
std::string short_text(double value, int digits, int least_exponent) {
  if (value == 0.0) return real_text(value);
  const double magnitude = std::abs(value);
  const Gaps gaps = gaps_of(magnitude, digits, least_exponent);
  for (int precision = 0; precision < std::numeric_limits<float>::max_digits10; ++precision) {
    std::array<char, 64> buffer{};
    const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude,
                                       std::chars_format::scientific, precision);
    double read = 0.0;
    std::from_chars(buffer.data(), written.ptr, read);
    // Nearer to it than to its neighbours.
    if (read - magnitude < gaps.above / 2 && magnitude - read < gaps.below / 2) {
      return real_text(std::copysign(read, value));
    }
  }
  return real_text(value);
}

void append_number(std::string& json, storage::Dtype dtype, double value) {
  if (std::isnan(value)) {
    json += "null";
  } else if (std::isinf(value)) {
    json += value < 0 ? "-9e999" : "9e999";
  } else if (dtype == storage::Dtype::float64 || dtype == storage::Dtype::complex128) {
    json += real_text(value);
  } else if (dtype == storage::Dtype::float16) {
    json += short_text(value, 11, -13);  // the smallest normal number is 0.5 * 2^-13
  } else if (dtype == storage::Dtype::bfloat16) {
    json += short_text(value, 8, -125);
  } else {
    json += real_text(static_cast<float>(value));
  }
}

}  // namespace

void append_json(std::string& json, storage::Dtype dtype, const Element& element) {
  if (!is_complex(dtype)) return append_number(json, dtype, element.real);
  json += '[';
  append_number(json, dtype, element.real);
  json += ',';
  append_number(json, dtype, element.imag);
  json += ']';
}

std::string indices_json(const Shape& shape, std::uint64_t position) {
  Shape indices(shape.size());
  for (std::size_t i = shape.size(); i-- > 0;) {
    const auto size = static_cast<std::uint64_t>(shape[i]);
    indices[i] = static_cast<std::int64_t>(position % size);
    position /= size;
  }
  return storage::shape_to_json(indices);
}

std::int64_t index_at(const Shape& shape, std::uint64_t position, std::size_t dimension) noexcept {
  for (std::size_t i = shape.size(); i-- > dimension + 1;) position /= static_cast<std::uint64_t>(shape[i]);
  return static_cast<std::int64_t>(position % static_cast<std::uint64_t>(shape[dimension]));
}

}  // namespace paramstore::numeric
