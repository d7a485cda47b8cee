#include "lib/numeric/elements.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "lib/numeric/float16.h"
#include "lib/numeric/vector_clones.h"

namespace paramstore::numeric {
namespace {

template <class T>
inline T load(const unsigned char* source, std::size_t index) noexcept {
  T value;
  std::memcpy(&value, source + index * sizeof(T), sizeof value);
  return value;
}

// A bfloat16 is the upper half of a float.
PARAMSTORE_INTEGER_CLONES void decode_bfloat16(const unsigned char* source, std::size_t count, float* out) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(load<std::uint16_t>(source, i)) << 16;
    std::memcpy(out + i, &bits, sizeof bits);
  }
}

PARAMSTORE_INTEGER_CLONES void split(const unsigned char* source, std::size_t count, float* real,
                                     float* imag) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    real[i] = load<float>(source, 2 * i);
    imag[i] = load<float>(source, 2 * i + 1);
  }
}

PARAMSTORE_INTEGER_CLONES void split(const unsigned char* source, std::size_t count, double* real,
                                     double* imag) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    real[i] = load<double>(source, 2 * i);
    imag[i] = load<double>(source, 2 * i + 1);
  }
}

}  // namespace

void decode_parts(storage::Dtype dtype, const void* source, std::size_t count, float* parts) noexcept {
  const auto* bytes = static_cast<const unsigned char*>(source);
  if (dtype == storage::Dtype::float16) return decode_float16(bytes, count, parts);
  if (dtype == storage::Dtype::bfloat16) return decode_bfloat16(bytes, count, parts);
  std::memcpy(parts, bytes, count * storage::dtype_size(dtype));
}

void decode_parts(storage::Dtype dtype, const void* source, std::size_t count, double* parts) noexcept {
  std::memcpy(parts, source, count * storage::dtype_size(dtype));
}

void decode(storage::Dtype dtype, const void* source, std::size_t count, float* real, float* imag) noexcept {
  if (is_complex(dtype)) return split(static_cast<const unsigned char*>(source), count, real, imag);
  decode_parts(dtype, source, count, real);
}

void decode(storage::Dtype dtype, const void* source, std::size_t count, double* real, double* imag) noexcept {
  const auto* bytes = static_cast<const unsigned char*>(source);
  if (dtype == storage::Dtype::complex128) return split(bytes, count, real, imag);
  if (dtype == storage::Dtype::float64) return decode_parts(dtype, bytes, count, real);
  constexpr std::size_t block = 256;
  std::array<float, block> narrow_real;
  std::array<float, block> narrow_imag;
  for (std::size_t start = 0; start < count; start += block) {
    const std::size_t size = std::min(block, count - start);
    decode(dtype, bytes + start * storage::dtype_size(dtype), size, narrow_real.data(), narrow_imag.data());
    std::copy_n(narrow_real.data(), size, real + start);
    if (is_complex(dtype)) std::copy_n(narrow_imag.data(), size, imag + start);
  }
}

Element element_at(storage::Dtype dtype, const void* source, std::size_t index) noexcept {
  Element element{0.0, 0.0};
  decode(dtype, static_cast<const unsigned char*>(source) + index * storage::dtype_size(dtype), 1, &element.real,
         &element.imag);
  return element;
}

}  // namespace paramstore::numeric
