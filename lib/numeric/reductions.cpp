#include "lib/numeric/reductions.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "lib/numeric/prefetch.h"
#include "lib/numeric/vector_clones.h"

namespace paramstore::numeric {
namespace {

// Several results side by side, in lanes: a single one would wait for each operation to end before the next. The
// loops over lanes become vector instructions. The templates are made part of each function below, so that each clone
// of it has its own.

constexpr std::size_t lanes = 16;

/// The sum of term(x).
template <class Real, class Term>
PARAMSTORE_ALWAYS_INLINE double sum(const Real* x, std::size_t count, Term term) noexcept {
  double lane[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    prefetch(x + i);
    for (std::size_t j = 0; j < lanes; ++j) lane[j] += term(static_cast<double>(x[i + j]));
  }
  for (std::size_t j = 0; i + j < count; ++j) lane[j] += term(static_cast<double>(x[i + j]));
  double total = 0.0;
  for (std::size_t j = 0; j < lanes; ++j) total += lane[j];
  return total;
}

constexpr auto itself = [](double x) { return x; };
constexpr auto square = [](double x) { return x * x; };

template <class Real>
PARAMSTORE_ALWAYS_INLINE Extremes extremes(const Real* x, std::size_t count) noexcept {
  constexpr std::size_t many = 2 * lanes;
  constexpr Real infinity = std::numeric_limits<Real>::infinity();
  Real low[many];
  Real high[many];
  std::fill_n(low, many, infinity);
  std::fill_n(high, many, -infinity);
  std::size_t i = 0;
  for (; i + many <= count; i += many) {
    prefetch(x + i);
    for (std::size_t j = 0; j < many; ++j) {
      low[j] = x[i + j] < low[j] ? x[i + j] : low[j];
      high[j] = x[i + j] > high[j] ? x[i + j] : high[j];
    }
  }
  for (std::size_t j = 0; i + j < count; ++j) {
    low[j] = x[i + j] < low[j] ? x[i + j] : low[j];
    high[j] = x[i + j] > high[j] ? x[i + j] : high[j];
  }
  return {static_cast<double>(*std::min_element(low, low + many)),
          static_cast<double>(*std::max_element(high, high + many))};
}

template <class Real>
PARAMSTORE_ALWAYS_INLINE std::uint64_t nans(const Real* x, std::size_t count) noexcept {
  // A counter as wide as the number, for as many rounds as it can count.
  using Counter = std::conditional_t<sizeof(Real) == 4, std::uint32_t, std::uint64_t>;
  constexpr std::size_t rounds = 1 << 30;
  std::uint64_t total = 0;
  for (std::size_t start = 0; start < count; start += rounds) {
    const std::size_t end = std::min(count, start + rounds);
    Counter found = 0;
    for (std::size_t i = start; i < end; ++i) found += std::isnan(x[i]) ? 1 : 0;
    total += found;
  }
  return total;
}

/// Two sums: of term(x - centre[0]) over x[0], x[2], ..., and of term(x - centre[1]) over the others.
template <class Real, class Term>
PARAMSTORE_ALWAYS_INLINE std::array<double, 2> sums_around(const std::array<double, 2>& centre, const Real* x,
                                                           std::size_t count, Term term) noexcept {
  double lane[lanes] = {};
  double from[lanes];
  for (std::size_t j = 0; j < lanes; ++j) from[j] = centre[j % 2];
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    prefetch(x + i);
    for (std::size_t j = 0; j < lanes; ++j) lane[j] += term(static_cast<double>(x[i + j]) - from[j]);
  }
  for (std::size_t j = 0; i + j < count; ++j) lane[j] += term(static_cast<double>(x[i + j]) - from[j]);
  std::array<double, 2> total{};
  for (std::size_t j = 0; j < lanes; ++j) total[j % 2] += lane[j];
  return total;
}

template <class Real>
PARAMSTORE_ALWAYS_INLINE std::uint64_t nan_pairs(const Real* x, std::size_t count) noexcept {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < count; ++i) total += std::isunordered(x[2 * i], x[2 * i + 1]) ? 1 : 0;
  return total;
}

}  // namespace

PARAMSTORE_FLOAT_CLONES double sum_of(const float* x, std::size_t count) noexcept { return sum(x, count, itself); }
PARAMSTORE_FLOAT_CLONES double sum_of(const double* x, std::size_t count) noexcept { return sum(x, count, itself); }

PARAMSTORE_FLOAT_CLONES double squares_of(const float* x, std::size_t count) noexcept { return sum(x, count, square); }
PARAMSTORE_FLOAT_CLONES double squares_of(const double* x, std::size_t count) noexcept { return sum(x, count, square); }

PARAMSTORE_FLOAT_CLONES std::array<Distances, 2> distances_from(std::array<double, 2> centre, const float* x,
                                                                std::size_t count) noexcept {
  double from[lanes];
  double first[lanes] = {};
  double second[lanes] = {};
  for (std::size_t j = 0; j < lanes; ++j) from[j] = centre[j % 2];
  const auto add = [&](std::size_t j, std::size_t at) {
    const double distance = static_cast<double>(x[at]) - from[j];
    first[j] += distance;
    second[j] += distance * distance;
  };
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    prefetch(x + i);
    for (std::size_t j = 0; j < lanes; ++j) add(j, i + j);
  }
  for (std::size_t j = 0; i + j < count; ++j) add(j, i + j);
  std::array<Distances, 2> total{};
  for (std::size_t j = 0; j < lanes; ++j) {
    total[j % 2].sum += first[j];
    total[j % 2].squares += second[j];
  }
  return total;
}

// Of the loop above over doubles GCC 12 makes no vector instructions: two loops take half its time.
PARAMSTORE_FLOAT_CLONES std::array<Distances, 2> distances_from(std::array<double, 2> centre, const double* x,
                                                                std::size_t count) noexcept {
  const auto sums = sums_around(centre, x, count, itself);
  const auto squares = sums_around(centre, x, count, square);
  return {Distances{sums[0], squares[0]}, Distances{sums[1], squares[1]}};
}

PARAMSTORE_FLOAT_CLONES Extremes extremes_of(const float* x, std::size_t count) noexcept { return extremes(x, count); }
PARAMSTORE_FLOAT_CLONES Extremes extremes_of(const double* x, std::size_t count) noexcept { return extremes(x, count); }

PARAMSTORE_FLOAT_CLONES std::uint64_t nans_in(const float* x, std::size_t count) noexcept { return nans(x, count); }
PARAMSTORE_FLOAT_CLONES std::uint64_t nans_in(const double* x, std::size_t count) noexcept { return nans(x, count); }

PARAMSTORE_FLOAT_CLONES std::uint64_t pairs_with_nan(const float* x, std::size_t count) noexcept {
  return nan_pairs(x, count);
}
PARAMSTORE_FLOAT_CLONES std::uint64_t pairs_with_nan(const double* x, std::size_t count) noexcept {
  return nan_pairs(x, count);
}

// The bits of such numbers are sign and magnitude. As two's complement they are in the numbers' order. GCC 12 makes no vector
// instructions of a plain loop.
PARAMSTORE_INTEGER_CLONES HalfExtremes extremes_of_halves(std::uint16_t infinity, const unsigned char* source,
                                                          std::size_t count) noexcept {
  typedef std::int16_t Halves __attribute__((vector_size(2 * lanes)));
  constexpr std::size_t rounds = 1024;  // fewer than a lane of `found` can count
  constexpr std::int16_t greatest = std::numeric_limits<std::int16_t>::max();
  const auto most = static_cast<std::int16_t>(infinity);
  const auto least = static_cast<std::int16_t>(-1 - most);
  Halves low = Halves{} + greatest;
  Halves high = -low;
  std::uint64_t nans = 0;
  std::size_t i = 0;
  while (count - i >= lanes) {
    const std::size_t end = i + std::min(count - i, rounds * lanes) / lanes * lanes;
    Halves found{};
    for (; i < end; i += lanes) {
      prefetch(source + 2 * i);
      Halves ordered;
      std::memcpy(&ordered, source + 2 * i, sizeof ordered);
      ordered ^= ordered >> 15 & greatest;
      low = ordered < low ? ordered : low;
      high = ordered > high ? ordered : high;
      found -= (ordered > most) | (ordered < least);  // a comparison gives -1 where it holds
    }
    for (std::size_t j = 0; j < lanes; ++j) nans += static_cast<std::uint64_t>(found[j]);
  }
  std::int16_t min = greatest;
  std::int16_t max = -greatest;
  for (std::size_t j = 0; j < lanes; ++j) {
    min = std::min<std::int16_t>(min, low[j]);
    max = std::max<std::int16_t>(max, high[j]);
  }
  for (; i < count; ++i) {
    std::int16_t ordered;
    std::memcpy(&ordered, source + 2 * i, sizeof ordered);
    ordered = static_cast<std::int16_t>(ordered ^ (ordered >> 15 & greatest));
    min = std::min(min, ordered);
    max = std::max(max, ordered);
    nans += ordered > most || ordered < least ? 1 : 0;
  }
  const auto bits_of = [](std::int16_t ordered) {
    return static_cast<std::uint16_t>(ordered ^ (ordered >> 15 & greatest));
  };
  return {bits_of(min), bits_of(max), nans};
}

}  // namespace paramstore::numeric
