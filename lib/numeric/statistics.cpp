#include "lib/numeric/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "lib/numeric/half_sums.h"
#include "lib/numeric/reductions.h"

namespace paramstore::numeric {
namespace {

constexpr std::size_t block = 2048;  // stays in the first cache

constexpr unsigned order = statistic_min | statistic_max | statistic_nan_count;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void Moments::add(std::size_t count, double mean, double squared_deviations) noexcept {
  const auto before = static_cast<double>(count_);
  const auto added = static_cast<double>(count);
  const double apart = mean - mean_;
  squared_deviations_ +=
      (squared_deviations < 0.0 ? 0.0 : squared_deviations) + apart * apart * (before * added / (before + added));
  mean_ += apart * (added / (before + added));
  count_ += count;
}

Statistics::Statistics(storage::Dtype dtype, unsigned wanted) noexcept
    : dtype_(dtype), element_size_(storage::dtype_size(dtype)), wanted_(wanted) {}

void Statistics::add(const void* bytes, std::size_t size) noexcept {
  const auto add_whole = [this](const unsigned char* elements, std::size_t count) {
    if (element_size_ == 2) return add_halves(elements, count);
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
  const bool as_they_lie =
      element_size_ % sizeof(Real) == 0 && reinterpret_cast<std::uintptr_t>(bytes) % alignof(Real) == 0;
  std::array<Real, 2 * block> parts;
  for (std::size_t start = 0; start < count; start += block) {
    const std::size_t size = std::min(block, count - start);
    const unsigned char* source = bytes + start * element_size_;
    if (!as_they_lie) decode_parts(dtype_, source, size, parts.data());
    add_block(as_they_lie ? reinterpret_cast<const Real*>(source) : parts.data(), size);
  }
  numel_ += count;
}

template <class Real>
void Statistics::add_block(const Real* parts, std::size_t count) noexcept {
  const bool complex = is_complex(dtype_);
  const std::size_t part_count = complex ? 2 * count : count;
  if ((wanted_ & (statistic_min | statistic_max)) != 0 && !complex) {
    const Extremes extremes = extremes_of(parts, count);
    min_ = std::min(min_, extremes.min);
    max_ = std::max(max_, extremes.max);
  }
  if ((wanted_ & order) != 0) nan_count_ += complex ? pairs_with_nan(parts, count) : nans_in(parts, count);
  if ((wanted_ & statistic_mean) != 0) sum_ += sum_of(parts, part_count);
  if ((wanted_ & statistic_std) != 0) add_moments(parts, count);
  if ((wanted_ & statistic_norm) != 0) squares_ += squares_of(parts, part_count);
}

template <class Real>
void Statistics::add_moments(const Real* parts, std::size_t count) noexcept {
  const auto add = [count](Moments& moments, double centre, const Distances& distances) {
    const double mean_distance = distances.sum / static_cast<double>(count);
    moments.add(count, centre + mean_distance, distances.squares - distances.sum * mean_distance);
  };
  // Around one of the block's own values, so that little cancels.
  const auto first = static_cast<double>(parts[0]);
  if (is_complex(dtype_)) {
    const auto second = static_cast<double>(parts[1]);
    const auto [real, imag] = distances_from({first, second}, parts, 2 * count);
    add(real_moments_, first, real);
    add(imag_moments_, second, imag);
  } else {
    const auto [even, odd] = distances_from({first, first}, parts, count);
    add(real_moments_, first, {even.sum + odd.sum, even.squares + odd.squares});
  }
}

void Statistics::add_halves(const unsigned char* bytes, std::size_t count) noexcept {
  constexpr unsigned second = statistic_std | statistic_norm;
  constexpr unsigned first = statistic_std | statistic_mean;
  const unsigned sums =
      ((wanted_ & first) != 0 ? power_sum_first : 0U) | ((wanted_ & second) != 0 ? power_sum_second : 0U);
  for (std::size_t start = 0; start < count; start += block) {
    const std::size_t size = std::min(block, count - start);
    const unsigned char* source = bytes + start * element_size_;
    if ((wanted_ & order) != 0) add_order_of_halves(source, size);
    if (sums == 0) continue;
    const PowerSums added = power_sums_of_halves(dtype_, sums, source, size);
    sum_ += added.first;
    squares_ += added.second;
    if ((wanted_ & statistic_std) == 0) continue;
    const auto n = static_cast<double>(size);
    real_moments_.add(size, added.first / n, (n * added.second - added.first * added.first) / n);
  }
  numel_ += count;
}

void Statistics::add_order_of_halves(const unsigned char* bytes, std::size_t count) noexcept {
  // Their bits tell the order faster than floats.
  const std::uint16_t infinity = dtype_ == storage::Dtype::float16 ? 0x7C00 : 0x7F80;
  const HalfExtremes extremes = extremes_of_halves(infinity, bytes, count);
  min_ = std::min(min_, element_at(dtype_, &extremes.min, 0).real);
  max_ = std::max(max_, element_at(dtype_, &extremes.max, 0).real);
  nan_count_ += extremes.nans;
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

}  // namespace paramstore::numeric
