// Statistics of a tensor's elements, in one pass over its bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "lib/numeric/elements.h"
#include "lib/numeric/reductions.h"

namespace paramstore::numeric {

/// Which statistics are wanted: a set of bits.
enum Statistic : unsigned {
  statistic_min = 1U << 0,
  statistic_max = 1U << 1,
  statistic_mean = 1U << 2,
  statistic_std = 1U << 3,
  statistic_norm = 1U << 4,
  statistic_nan_count = 1U << 5,
  all_statistics = (1U << 6) - 1,
};

/// The summed squared deviation from the mean, of numbers that come block by block. Each block has its own mean, and
/// the blocks are joined as in Chan, Golub, LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
/// Variances" (1979), so that nothing cancels where the mean is large and the deviation small.
class Moments {
 public:
  /// Takes in `count` numbers.
  void add(std::size_t count, double mean, double squared_deviations) noexcept;
  double squared_deviations() const noexcept { return squared_deviations_; }

 private:
  std::uint64_t count_ = 0;
  double mean_ = 0.0;
  double squared_deviations_ = 0.0;
};

/// Takes a value's bytes in pieces of any lengths. What the results are, NaN included, is PyTorch's answer.
class Statistics {
 public:
  /// Computes those in `wanted`; asking for another one afterwards is a mistake. min, max and mean are for real dtypes.
  Statistics(storage::Dtype dtype, unsigned wanted) noexcept;

  void add(const void* bytes, std::size_t size) noexcept;

  std::uint64_t numel() const noexcept { return numel_; }
  // NaN where there is no element.
  double min() const noexcept;
  double max() const noexcept;
  double mean() const noexcept;
  /// Divides by n - 1, so NaN of a single element.
  double std() const noexcept;
  double norm() const noexcept;
  std::uint64_t nan_count() const noexcept { return nan_count_; }

 private:
  template <class Real>
  void add_elements(const unsigned char* bytes, std::size_t count) noexcept;
  /// Of numbers as decode_parts gives them.
  template <class Real>
  void add_block(const Real* parts, std::size_t count) noexcept;
  template <class Real>
  void add_moments(const Real* parts, std::size_t count) noexcept;
  /// Of float16 and bfloat16.
  void add_halves(const unsigned char* bytes, std::size_t count) noexcept;
  void add_order_of_halves(const unsigned char* bytes, std::size_t count) noexcept;

  storage::Dtype dtype_;
  std::size_t element_size_;
  unsigned wanted_;
  std::uint64_t numel_ = 0;
  std::uint64_t nan_count_ = 0;
  double min_ = std::numeric_limits<double>::infinity();
  double max_ = -std::numeric_limits<double>::infinity();
  double sum_ = 0.0;
  double squares_ = 0.0;
  Moments real_moments_;
  Moments imag_moments_;
  std::array<unsigned char, 16> split_{};  // the front of an element whose rest is in the next piece
  std::size_t split_size_ = 0;
};

}  // namespace paramstore::numeric
