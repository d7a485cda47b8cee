// Many doubles to one number.
#pragma once

#include <cstddef>
#include <cstdint>

namespace paramstore::sql {

double sum_of(const double* x, std::size_t count) noexcept;

/// The sum of (x - centre)^2.
double squares_around(double centre, const double* x, std::size_t count) noexcept;

struct Extremes {
  double min;
  double max;
};

/// Takes in the x that are numbers.
void widen(Extremes& extremes, const double* x, std::size_t count) noexcept;

std::uint64_t nans_in(const double* x, std::size_t count) noexcept;

}  // namespace paramstore::sql
