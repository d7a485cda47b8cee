// Many numbers to one, in float64.
#pragma once

#include <cstddef>
#include <cstdint>

namespace paramstore::sql {

double sum_of(const float* x, std::size_t count) noexcept;
double sum_of(const double* x, std::size_t count) noexcept;

double squares_of(const float* x, std::size_t count) noexcept;
double squares_of(const double* x, std::size_t count) noexcept;

struct Distances {
  double sum;      // of x - centre
  double squares;  // of (x - centre)^2
};
Distances distances_from(double centre, const float* x, std::size_t count) noexcept;
Distances distances_from(double centre, const double* x, std::size_t count) noexcept;

struct Extremes {
  double min;
  double max;
};

/// Of those x that are numbers, infinities included; {inf, -inf} where none is.
Extremes extremes_of(const float* x, std::size_t count) noexcept;
Extremes extremes_of(const double* x, std::size_t count) noexcept;

std::uint64_t nans_in(const float* x, std::size_t count) noexcept;
std::uint64_t nans_in(const double* x, std::size_t count) noexcept;

}  // namespace paramstore::sql
