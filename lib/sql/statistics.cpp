#include "lib/sql/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "lib/sql/reductions.h"

namespace paramstore::sql {
namespace {

template <class Real>
std::uint64_t nans_in_either(const Real* x, const Real* y, std::size_t count) noexcept {
  std::uint64_t nans = 0;
  for (std::size_t i = 0; i < count; ++i) nans += std::isnan(x[i]) || std::isnan(y[i]) ? 1 : 0;
  return nans;
}

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

template <class Real>
void Moments::add(const Real* values, std::size_t count) noexcept {
  const auto before = static_cast<double>(count_);
  const auto added = static_cast<double>(count);
  // Around one of the block's own values, so that little cancels.
  const auto centre = static_cast<double>(values[0]);
  const Distances distances = distances_from(centre, values, count);
  const double squares = distances.squares - distances.sum * distances.sum / added;
  const double apart = centre + distances.sum / added - mean_;
  squared_deviations_ += (squares < 0.0 ? 0.0 : squares) + apart * apart * (before * added / (before + added));
  mean_ += apart * (added / (before + added));
  count_ += count;
}

Statistics::Statistics(storage::Dtype dtype, unsigned wanted) noexcept
    : dtype_(dtype), element_size_(storage::dtype_size(dtype)), wanted_(wanted) {}

void Statistics::add(const void* bytes, std::size_t size) noexcept {
  const auto add_whole = [this](const unsigned char* elements, std::size_t count) {
    fits_float(dtype_) ? add_elements<float>(elements, count) : add_elements<double>(elements, count);
  };
  const auto* next = static_cast<const unsigned char*>(bytes);
  if (split_size_ > 0 && size > 0) {
    const std::size_t rest = std::min(element_size_ - split_size_, size);
    std::memcpy(split_.data() + split_size_, next, rest);
    split_size_ += rest;
    next += rest;
    size -= rest;
    if (split_size_ < element_size_) return;
    split_size_ = 0;
    add_whole(split_.data(), 1);
  }
  const std::size_t count = size / element_size_;
  add_whole(next, count);
  const std::size_t left = size - count * element_size_;
  if (left > 0) {
    std::memcpy(split_.data(), next + count * element_size_, left);
    split_size_ = left;
  }
}

template <class Real>
void Statistics::add_elements(const unsigned char* bytes, std::size_t count) noexcept {
  constexpr std::size_t block = 1024;  // stays in the first cache
  std::array<Real, block> real;
  std::array<Real, block> imag;
  for (std::size_t start = 0; start < count; start += block) {
    const std::size_t size = std::min(block, count - start);
    decode(dtype_, bytes + start * element_size_, size, real.data(), imag.data());
    add_block(real.data(), imag.data(), size);
  }
}

template <class Real>
void Statistics::add_block(const Real* real, const Real* imag, std::size_t count) noexcept {
  const bool complex = is_complex(dtype_);
  numel_ += count;
  if ((wanted_ & (statistic_min | statistic_max)) != 0) {
    const Extremes extremes = extremes_of(real, count);
    min_ = std::min(min_, extremes.min);
    max_ = std::max(max_, extremes.max);
  }
  if ((wanted_ & (statistic_min | statistic_max | statistic_nan_count)) != 0) {
    nan_count_ += complex ? nans_in_either(real, imag, count) : nans_in(real, count);
  }
  if ((wanted_ & statistic_mean) != 0) sum_ += sum_of(real, count);
  if ((wanted_ & statistic_std) != 0) {
    real_moments_.add(real, count);
    if (complex) imag_moments_.add(imag, count);
  }
  if ((wanted_ & statistic_norm) != 0) {
    squares_ += squares_of(real, count);
    if (complex) squares_ += squares_of(imag, count);
  }
}

double Statistics::min() const noexcept { return numel_ == 0 || nan_count_ > 0 ? nan : min_; }

double Statistics::max() const noexcept { return numel_ == 0 || nan_count_ > 0 ? nan : max_; }

double Statistics::mean() const noexcept { return numel_ == 0 ? nan : sum_ / static_cast<double>(numel_); }

double Statistics::std() const noexcept {
  if (numel_ < 2) return nan;
  const double squares = real_moments_.squared_deviations() + imag_moments_.squared_deviations();
  return std::sqrt(squares / static_cast<double>(numel_ - 1));
}

double Statistics::norm() const noexcept { return std::sqrt(squares_); }

}  // namespace paramstore::sql
