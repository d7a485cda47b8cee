#include "lib/numeric/float16.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "lib/numeric/processor.h"
#include "lib/numeric/vector_clones.h"

namespace paramstore::numeric {
namespace {

constexpr std::size_t block = 1024;

// Three loops that become vector instructions; as one loop it does not, and takes four times as long.
PARAMSTORE_INTEGER_CLONES void decode_block(const unsigned char* source, std::size_t count, float* out) noexcept {
  std::uint16_t halves[block];
  std::uint32_t bits[block];
  std::memcpy(halves, source, count * sizeof *halves);
  // Below 2^-14 the bits are a multiple of 2^-24.
  for (std::size_t i = 0; i < count; ++i) {
    const std::int32_t magnitude = halves[i] & 0x7FFF;
    out[i] = static_cast<float>(magnitude) * 0x1p-24F;
  }
  std::memcpy(bits, out, count * sizeof *bits);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t magnitude = halves[i] & 0x7FFFU;
    const std::uint32_t is_subnormal = magnitude < 0x0400U ? ~0U : 0U;
    const std::uint32_t is_special = magnitude > 0x7BFFU ? ~0U : 0U;
    // The exponent's bias goes from 15 to 127; all ones (infinity, NaN) stay all ones.
    const std::uint32_t normal = (magnitude << 13) + (112U << 23) + (is_special & 112U << 23);
    const std::uint32_t sign = (halves[i] & 0x8000U) << 16;
    bits[i] = (is_subnormal & bits[i]) | (~is_subnormal & normal) | sign;
  }
  std::memcpy(out, bits, count * sizeof *bits);
}

#ifdef PARAMSTORE_X86_INTRINSICS
__attribute__((target("avx2,f16c"))) std::size_t decode_eights(const unsigned char* source, std::size_t count,
                                                               float* out) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(source + 2 * i));
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(halves));
  }
  return i;
}
#endif

}  // namespace

void decode_float16_portably(const unsigned char* source, std::size_t count, float* out) noexcept {
  for (std::size_t start = 0; start < count; start += block) {
    decode_block(source + 2 * start, std::min(block, count - start), out + start);
  }
}

void decode_float16(const unsigned char* source, std::size_t count, float* out) noexcept {
  std::size_t done = 0;
#ifdef PARAMSTORE_X86_INTRINSICS
  if (has_avx2_f16c_fma()) done = decode_eights(source, count, out);
#endif
  decode_float16_portably(source + 2 * done, count - done, out + done);
}

}  // namespace paramstore::numeric
