#include "lib/numeric/distance.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "lib/numeric/reductions.h"

namespace paramstore::numeric {
namespace {

constexpr std::size_t block = 1024;

using Block = std::array<double, block>;

void subtract(Block& a, const Block& b, std::size_t count, SameNotFinite same) noexcept {
  if (same == SameNotFinite::is_nan) {
    for (std::size_t i = 0; i < count; ++i) a[i] -= b[i];
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const bool both_nan = std::isnan(a[i]) && std::isnan(b[i]);
    a[i] = a[i] == b[i] || both_nan ? 0.0 : a[i] - b[i];
  }
}

/// Calls `use` with the differences, block by block: real and imaginary parts, the latter null where both are real.
template <class Use>
void for_each_block(const Elements& a, const Elements& b, std::size_t count, SameNotFinite same, Use&& use) noexcept {
  const bool complex = is_complex(a.dtype) || is_complex(b.dtype);
  Block real{};
  Block imag{};
  Block other_real{};
  Block other_imag{};
  const auto at = [](const Elements& elements, std::size_t start) {
    return static_cast<const unsigned char*>(elements.data) + start * storage::dtype_size(elements.dtype);
  };
  for (std::size_t start = 0; start < count; start += block) {
    const std::size_t size = std::min(block, count - start);
    // Where a is real and b complex, the round before has left a difference there.
    if (complex && !is_complex(a.dtype)) imag.fill(0.0);
    decode(a.dtype, at(a, start), size, real.data(), imag.data());
    decode(b.dtype, at(b, start), size, other_real.data(), other_imag.data());
    subtract(real, other_real, size, same);
    if (complex) subtract(imag, other_imag, size, same);
    use(real.data(), complex ? imag.data() : nullptr, size);
  }
}

}  // namespace

double l2_distance(const Elements& a, const Elements& b, std::size_t count, SameNotFinite same) noexcept {
  double squares = 0.0;
  for_each_block(a, b, count, same, [&](const double* real, const double* imag, std::size_t size) {
    squares += squares_of(real, size);
    if (imag != nullptr) squares += squares_of(imag, size);
  });
  return std::sqrt(squares);
}

double max_abs_diff(const Elements& a, const Elements& b, std::size_t count, SameNotFinite same) noexcept {
  Extremes extremes{0.0, 0.0};
  std::uint64_t nans = 0;
  Block magnitudes;
  for_each_block(a, b, count, same, [&](const double* real, const double* imag, std::size_t size) {
    if (imag != nullptr) {
      for (std::size_t i = 0; i < size; ++i) magnitudes[i] = std::hypot(real[i], imag[i]);
      real = magnitudes.data();
    }
    const Extremes found = extremes_of(real, size);
    extremes = {std::min(extremes.min, found.min), std::max(extremes.max, found.max)};
    nans += nans_in(real, size);
  });
  return nans > 0 ? std::numeric_limits<double>::quiet_NaN() : std::max(extremes.max, -extremes.min);
}

}  // namespace paramstore::numeric
