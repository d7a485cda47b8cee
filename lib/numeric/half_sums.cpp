#include "lib/numeric/half_sums.h"

#include <algorithm>
#include <array>

#include "lib/numeric/elements.h"
#include "lib/numeric/prefetch.h"
#include "lib/numeric/processor.h"
#include "lib/numeric/reductions.h"

namespace paramstore::numeric {
namespace {

#ifdef PARAMSTORE_X86_INTRINSICS

constexpr std::size_t step = 32;

// Four results side by side, as a single one would wait for each addition to end before the next. `count` is a multiple
// of `step`.

template <storage::Dtype dtype, unsigned wanted>
__attribute__((target("avx2,f16c,fma"))) PowerSums sums(const unsigned char* source, std::size_t count) noexcept {
  __m256d first[4] = {};
  __m256d second[4] = {};
  for (const unsigned char* end = source + 2 * count; source != end; source += 2 * step) {
    prefetch(source);
    __m256 x[4];
    if constexpr (dtype == storage::Dtype::float16) {
#pragma GCC unroll 4
      for (std::size_t quarter = 0; quarter < 4; ++quarter) {
        x[quarter] = _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(source + step / 2 * quarter)));
      }
    } else {
      // A bfloat16 is the upper half of a float. The order of the numbers does not matter.
#pragma GCC unroll 2
      for (std::size_t half = 0; half < 2; ++half) {
        const __m256i pairs = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(source + step * half));
        x[2 * half] = _mm256_castsi256_ps(_mm256_slli_epi32(pairs, 16));
        x[2 * half + 1] = _mm256_castsi256_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(-65536)));
      }
    }
#pragma GCC unroll 4
    for (std::size_t quarter = 0; quarter < 4; ++quarter) {
      const __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(x[quarter]));
      const __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(x[quarter], 1));
      const std::size_t lane = 2 * (quarter % 2);
      if constexpr ((wanted & power_sum_first) != 0) {
        first[lane] += low;
        first[lane + 1] += high;
      }
      if constexpr ((wanted & power_sum_second) != 0) {
        second[lane] = _mm256_fmadd_pd(low, low, second[lane]);
        second[lane + 1] = _mm256_fmadd_pd(high, high, second[lane + 1]);
      }
    }
  }
  const __m256d sum = (first[0] + first[1]) + (first[2] + first[3]);
  const __m256d squares = (second[0] + second[1]) + (second[2] + second[3]);
  return {(sum[0] + sum[1]) + (sum[2] + sum[3]), (squares[0] + squares[1]) + (squares[2] + squares[3])};
}

template <storage::Dtype dtype>
PowerSums sums(unsigned wanted, const unsigned char* source, std::size_t count) noexcept {
  if (wanted == power_sum_first) return sums<dtype, power_sum_first>(source, count);
  if (wanted == power_sum_second) return sums<dtype, power_sum_second>(source, count);
  return sums<dtype, power_sum_first | power_sum_second>(source, count);
}

#endif

}  // namespace

PowerSums power_sums_of_halves_portably(storage::Dtype dtype, unsigned wanted, const unsigned char* source,
                                        std::size_t count) noexcept {
  constexpr std::size_t block = 1024;
  std::array<float, block> numbers;
  PowerSums total{0.0, 0.0};
  for (std::size_t start = 0; start < count; start += block) {
    const std::size_t size = std::min(block, count - start);
    decode_parts(dtype, source + 2 * start, size, numbers.data());
    if ((wanted & power_sum_first) != 0) total.first += sum_of(numbers.data(), size);
    if ((wanted & power_sum_second) != 0) total.second += squares_of(numbers.data(), size);
  }
  return total;
}

PowerSums power_sums_of_halves(storage::Dtype dtype, unsigned wanted, const unsigned char* source,
                               std::size_t count) noexcept {
  std::size_t done = 0;
  PowerSums total{0.0, 0.0};
#ifdef PARAMSTORE_X86_INTRINSICS
  if (has_avx2_f16c_fma()) {
    done = count / step * step;
    total = dtype == storage::Dtype::float16 ? sums<storage::Dtype::float16>(wanted, source, done)
                                             : sums<storage::Dtype::bfloat16>(wanted, source, done);
  }
#endif
  const PowerSums rest = power_sums_of_halves_portably(dtype, wanted, source + 2 * done, count - done);
  return {total.first + rest.first, total.second + rest.second};
}

}  // namespace paramstore::numeric
