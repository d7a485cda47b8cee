// Many numbers to one, in float64.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace paramstore::numeric {

double sum_of(const float* x, std::size_t count) noexcept;
double sum_of(const double* x, std::size_t count) noexcept;

double squares_of(const float* x, std::size_t count) noexcept;
double squares_of(const double* x, std::size_t count) noexcept;

struct Distances {
  double sum;      // of x - centre
  double squares;  // of (x - centre)^2
};
/// Of x[0], x[2], ... from centre[0], and of x[1], x[3], ... from centre[1].
std::array<Distances, 2> distances_from(std::array<double, 2> centre, const float* x, std::size_t count) noexcept;
std::array<Distances, 2> distances_from(std::array<double, 2> centre, const double* x, std::size_t count) noexcept;

struct Extremes {
  double min;
  double max;
};

/// Of those x that are numbers, infinities included; {inf, -inf} where none is.
Extremes extremes_of(const float* x, std::size_t count) noexcept;
Extremes extremes_of(const double* x, std::size_t count) noexcept;

std::uint64_t nans_in(const float* x, std::size_t count) noexcept;
std::uint64_t nans_in(const double* x, std::size_t count) noexcept;

/// Of `count` pairs, those in which there is a NaN.
std::uint64_t pairs_with_nan(const float* x, std::size_t count) noexcept;
std::uint64_t pairs_with_nan(const double* x, std::size_t count) noexcept;

/// Of 16-bit floating-point numbers, as the bits that they are.
struct HalfExtremes {
  std::uint16_t min;  // both only where there is no NaN
  std::uint16_t max;
  std::uint64_t nans;
};
/// `infinity`: the bits of the numbers' infinity. At least one number, at any address.
HalfExtremes extremes_of_halves(std::uint16_t infinity, const unsigned char* source, std::size_t count) noexcept;

}  // namespace paramstore::numeric
