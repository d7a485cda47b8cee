#include "lib/sql/reductions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "lib/sql/vector_clones.h"

namespace paramstore::sql {
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

}  // namespace

PARAMSTORE_VECTOR_CLONES double sum_of(const float* x, std::size_t count) noexcept { return sum(x, count, itself); }
PARAMSTORE_VECTOR_CLONES double sum_of(const double* x, std::size_t count) noexcept { return sum(x, count, itself); }

PARAMSTORE_VECTOR_CLONES double squares_of(const float* x, std::size_t count) noexcept { return sum(x, count, square); }
PARAMSTORE_VECTOR_CLONES double squares_of(const double* x, std::size_t count) noexcept {
  return sum(x, count, square);
}

PARAMSTORE_VECTOR_CLONES Distances distances_from(double centre, const float* x, std::size_t count) noexcept {
  constexpr std::size_t half = lanes / 2;  // more do not fit the registers
  double first[half] = {};
  double second[half] = {};
  const auto add = [&](std::size_t j, std::size_t at) {
    const double distance = static_cast<double>(x[at]) - centre;
    first[j] += distance;
    second[j] += distance * distance;
  };
  std::size_t i = 0;
  for (; i + half <= count; i += half) {
    for (std::size_t j = 0; j < half; ++j) add(j, i + j);
  }
  for (std::size_t j = 0; i + j < count; ++j) add(j, i + j);
  Distances total{0.0, 0.0};
  for (std::size_t j = 0; j < half; ++j) {
    total.sum += first[j];
    total.squares += second[j];
  }
  return total;
}

// Of the loop above over doubles GCC 12 makes no vector instructions: two loops take half its time.
PARAMSTORE_VECTOR_CLONES Distances distances_from(double centre, const double* x, std::size_t count) noexcept {
  const auto distance = [centre](double value) { return value - centre; };
  const auto squared = [centre](double value) { return (value - centre) * (value - centre); };
  return {sum(x, count, distance), sum(x, count, squared)};
}

PARAMSTORE_VECTOR_CLONES Extremes extremes_of(const float* x, std::size_t count) noexcept { return extremes(x, count); }
PARAMSTORE_VECTOR_CLONES Extremes extremes_of(const double* x, std::size_t count) noexcept {
  return extremes(x, count);
}

PARAMSTORE_VECTOR_CLONES std::uint64_t nans_in(const float* x, std::size_t count) noexcept { return nans(x, count); }
PARAMSTORE_VECTOR_CLONES std::uint64_t nans_in(const double* x, std::size_t count) noexcept { return nans(x, count); }

}  // namespace paramstore::sql
