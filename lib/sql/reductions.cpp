#include "lib/sql/reductions.h"

#include <algorithm>

#include "lib/sql/vector_clones.h"

namespace paramstore::sql {
namespace {

// Several results side by side: a single one would wait for each addition to end before the next. The loops over lanes
// become vector instructions.
constexpr std::size_t lanes = 16;

double total(const double* lane) noexcept {
  double sum = 0.0;
  for (std::size_t j = 0; j < lanes; ++j) sum += lane[j];
  return sum;
}

}  // namespace

PARAMSTORE_VECTOR_CLONES double sum_of(const double* x, std::size_t count) noexcept {
  double lane[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::size_t j = 0; j < lanes; ++j) lane[j] += x[i + j];
  }
  for (std::size_t j = 0; i + j < count; ++j) lane[j] += x[i + j];
  return total(lane);
}

PARAMSTORE_VECTOR_CLONES double squares_around(double centre, const double* x, std::size_t count) noexcept {
  double lane[lanes] = {};
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::size_t j = 0; j < lanes; ++j) lane[j] += (x[i + j] - centre) * (x[i + j] - centre);
  }
  for (std::size_t j = 0; i + j < count; ++j) lane[j] += (x[i + j] - centre) * (x[i + j] - centre);
  return total(lane);
}

PARAMSTORE_VECTOR_CLONES void widen(Extremes& extremes, const double* x, std::size_t count) noexcept {
  double low[lanes];
  double high[lanes];
  for (std::size_t j = 0; j < lanes; ++j) low[j] = extremes.min;
  for (std::size_t j = 0; j < lanes; ++j) high[j] = extremes.max;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    for (std::size_t j = 0; j < lanes; ++j) low[j] = x[i + j] < low[j] ? x[i + j] : low[j];
    for (std::size_t j = 0; j < lanes; ++j) high[j] = x[i + j] > high[j] ? x[i + j] : high[j];
  }
  for (; i < count; ++i) {
    low[0] = x[i] < low[0] ? x[i] : low[0];
    high[0] = x[i] > high[0] ? x[i] : high[0];
  }
  extremes = {*std::min_element(low, low + lanes), *std::max_element(high, high + lanes)};
}

PARAMSTORE_VECTOR_CLONES std::uint64_t nans_in(const double* x, std::size_t count) noexcept {
  std::uint64_t nans = 0;
  for (std::size_t i = 0; i < count; ++i) nans += x[i] != x[i] ? 1 : 0;
  return nans;
}

}  // namespace paramstore::sql
