// The loops of correlation_cholesky.cpp: one n x n matrix, row-major, and the n (n - 1) / 2 elements below its diagonal, row
// by row. Products and sums along a row are kept as double and rounded at each step, as LibTorch's cumprod and cumsum
// do it.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace paramstore {

/// tanh, kept off -1 and 1 so that something of the row's length is always left. NaN stays.
template <typename Float>
Float clamped_tanh(Float tanh) {
  constexpr Float limit = 1 - std::numeric_limits<Float>::epsilon();
  return tanh < -limit ? -limit : tanh > limit ? limit : tanh;
}

template <typename Float>
void factor_rows(std::int64_t n, const Float* tanh, Float* factor) {
  for (std::int64_t i = 0; i < n; ++i, factor += n) {
    double left = 1;  // of the row's length
    for (std::int64_t j = 0; j < i; ++j) {
      const Float t = clamped_tanh(*tanh++);
      factor[j] = t * static_cast<Float>(left);
      left *= static_cast<double>(std::sqrt(1 - t * t));
    }
    factor[i] = static_cast<Float>(left);
    for (std::int64_t j = i + 1; j < n; ++j) {
      factor[j] = 0 * static_cast<Float>(left);  // NaN if `left` is
    }
  }
}

/// From the gradient with respect to the factor to that with respect to tanh's argument.
template <typename Float>
void factor_rows_backward(std::int64_t n, const Float* tanh, const Float* gradient, Float* result) {
  constexpr Float limit = 1 - std::numeric_limits<Float>::epsilon();
  std::vector<double> left(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i, gradient += n, tanh += i - 1, result += i - 1) {
    double product = 1;
    for (std::int64_t j = 0; j < i; ++j) {
      left[static_cast<std::size_t>(j)] = product;
      const Float t = clamped_tanh(tanh[j]);
      product *= static_cast<double>(std::sqrt(1 - t * t));
    }
    double later = static_cast<double>(gradient[i]) * product;  // sum of gradient * factor right of column j
    for (std::int64_t j = i - 1; j >= 0; --j) {
      const Float t = clamped_tanh(tanh[j]);
      const double share = static_cast<double>(gradient[j]) * left[static_cast<std::size_t>(j)];
      const double with_clamped = share - later * static_cast<double>(t) / static_cast<double>(1 - t * t);
      later += share * static_cast<double>(t);
      const double raw = static_cast<double>(tanh[j]);
      const bool inside = tanh[j] >= -limit && tanh[j] <= limit;  // there clamp passes gradients on
      result[j] = static_cast<Float>((inside ? with_clamped : 0) * (1 - raw * raw));
    }
  }
}

template <typename Float>
void tanh_of_rows(std::int64_t n, const Float* factor, Float* tanh) {
  for (std::int64_t i = 0; i < n; ++i, factor += n) {
    double taken = 0;  // of the row's squared length
    for (std::int64_t j = 0; j < i; ++j) {
      *tanh++ = factor[j] / std::sqrt(1 - static_cast<Float>(taken));
      taken += static_cast<double>(factor[j] * factor[j]);
    }
  }
}

//
//
// atanh(t) is sign(t) * log1p(2|t| / (1 - |t|)) / 2. LibTorch computes the logarithm, many at a time; these two come
// before and after it.
template <typename Float>
void atanh_before_logarithm(std::int64_t count, const Float* tanh, Float* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    const Float magnitude = std::abs(tanh[i]);
    out[i] = 2 * magnitude / (1 - magnitude);
  }
}

template <typename Float>
void atanh_after_logarithm(std::int64_t count, const Float* tanh, Float* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    out[i] = std::copysign(out[i] / 2, tanh[i]);
  }
}

/// From the gradient with respect to atanh of what tanh_of_rows gave to that with respect to the factor.
template <typename Float>
void inverse_rows_backward(std::int64_t n, const Float* factor, const Float* tanh, const Float* gradient,
                           Float* result) {
  std::vector<double> left(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i, factor += n, result += n, tanh += i - 1, gradient += i - 1) {
    double taken = 0;
    for (std::int64_t j = 0; j < i; ++j) {
      left[static_cast<std::size_t>(j)] = static_cast<double>(1 - static_cast<Float>(taken));
      taken += static_cast<double>(factor[j] * factor[j]);
    }
    for (std::int64_t j = i; j < n; ++j) {
      result[j] = 0 * factor[j];  // NaN if the factor is
    }
    double later = 0;  // sum of the gradients with respect to what was left, right of column j
    for (std::int64_t j = i - 1; j >= 0; --j) {
      const double y = static_cast<double>(factor[j]);
      const double before = left[static_cast<std::size_t>(j)];
      // atanh'(t) in two halves: 1 - t * t would lose the digits of a t near 1.
      const double t = static_cast<double>(tanh[j]);
      const double with_raw = static_cast<double>(gradient[j]) * (0.5 / (1 + t) + 0.5 / (1 - t));
      const double with_tanh = with_raw / std::sqrt(before);
      result[j] = static_cast<Float>(with_tanh - 2 * y * later);
      later -= with_tanh * y / (2 * before);
    }
  }
}

}  // namespace paramstore
