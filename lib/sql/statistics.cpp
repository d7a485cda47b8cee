#include "lib/sql/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "lib/sql/reductions.h"

namespace paramstore::sql {
namespace {

std::uint64_t nans_in_either(const double* x, const double* y, std::size_t count) noexcept {
  std::uint64_t nans = 0;
  for (std::size_t i = 0; i < count; ++i) nans += x[i] != x[i] || y[i] != y[i] ? 1 : 0;
  return nans;
}

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void Moments::add(const double* values, std::size_t count, bool deviations) noexcept {
  const double sum = sum_of(values, count);
  sum_ += sum;
  if (deviations) {
    const auto before = static_cast<double>(count_);
    const auto added = static_cast<double>(count);
    const double mean = sum / added;
    const double distance = mean - joined_mean_;
    squared_deviations_ +=
        squares_around(mean, values, count) + distance * distance * (before * added / (before + added));
    joined_mean_ += distance * (added / (before + added));
  }
  count_ += count;
}

Statistics::Statistics(storage::Dtype dtype, unsigned wanted) noexcept
    : dtype_(dtype), element_size_(storage::dtype_size(dtype)), wanted_(wanted) {}

void Statistics::add(const void* bytes, std::size_t size) noexcept {
  const auto* next = static_cast<const unsigned char*>(bytes);
  if (split_size_ > 0) {
    const std::size_t rest = std::min(element_size_ - split_size_, size);
    std::memcpy(split_.data() + split_size_, next, rest);
    split_size_ += rest;
    next += rest;
    size -= rest;
    if (split_size_ < element_size_) return;
    split_size_ = 0;
    decode(dtype_, split_.data(), 1, real_.data(), imag_.data());
    add_block(1);
  }
  while (size >= element_size_) {
    const std::size_t count = std::min(block, size / element_size_);
    decode(dtype_, next, count, real_.data(), imag_.data());
    add_block(count);
    next += count * element_size_;
    size -= count * element_size_;
  }
  if (size > 0) std::memcpy(split_.data(), next, size);
  split_size_ = size;
}

void Statistics::add_block(std::size_t count) noexcept {
  const bool complex = is_complex(dtype_);
  numel_ += count;
  if ((wanted_ & (statistic_min | statistic_max)) != 0) {
    Extremes extremes{min_, max_};
    widen(extremes, real_.data(), count);
    min_ = extremes.min;
    max_ = extremes.max;
  }
  if ((wanted_ & (statistic_min | statistic_max | statistic_nan_count)) != 0) {
    nan_count_ += complex ? nans_in_either(real_.data(), imag_.data(), count) : nans_in(real_.data(), count);
  }
  if ((wanted_ & (statistic_mean | statistic_std)) != 0) {
    const bool deviations = (wanted_ & statistic_std) != 0;
    real_moments_.add(real_.data(), count, deviations);
    if (complex) imag_moments_.add(imag_.data(), count, deviations);
  }
  if ((wanted_ & statistic_norm) != 0) {
    squares_ += squares_around(0.0, real_.data(), count);
    if (complex) squares_ += squares_around(0.0, imag_.data(), count);
  }
}

double Statistics::min() const noexcept { return numel_ == 0 || nan_count_ > 0 ? nan : min_; }

double Statistics::max() const noexcept { return numel_ == 0 || nan_count_ > 0 ? nan : max_; }

double Statistics::mean() const noexcept { return numel_ == 0 ? nan : real_moments_.mean(); }

double Statistics::std() const noexcept {
  if (numel_ < 2) return nan;
  const double squares = real_moments_.squared_deviations() + imag_moments_.squared_deviations();
  return std::sqrt(squares / static_cast<double>(numel_ - 1));
}

double Statistics::norm() const noexcept { return std::sqrt(squares_); }

}  // namespace paramstore::sql
