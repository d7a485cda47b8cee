#include "lib/sql/elements.h"

#include <cstdint>
#include <cstring>

#include "lib/sql/vector_clones.h"

namespace paramstore::sql {
namespace {

template <class To, class From>
inline To bit_cast(From from) noexcept {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

template <class T>
inline T load(const unsigned char* source, std::size_t index) noexcept {
  T value;
  std::memcpy(&value, source + index * sizeof(T), sizeof value);
  return value;
}

// The loops have neither branch nor call, so that the compiler can make vector instructions of them.

PARAMSTORE_VECTOR_CLONES void decode_float16(const unsigned char* source, std::size_t count, double* out) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t half = load<std::uint16_t>(source, i);
    const std::uint32_t magnitude = half & 0x7FFFU;
    // The exponent's bias goes from 15 to 127; all ones (infinity, NaN) stay all ones.
    const std::uint32_t normal = (magnitude << 13) + (magnitude >= 0x7C00U ? 224U << 23 : 112U << 23);
    // Below 2^-14 the bits count multiples of 2^-24.
    const float small = static_cast<float>(static_cast<std::int32_t>(magnitude)) * 0x1p-24F;
    const std::uint32_t bits = magnitude < 0x0400U ? bit_cast<std::uint32_t>(small) : normal;
    out[i] = static_cast<double>(bit_cast<float>(bits | (half & 0x8000U) << 16));
  }
}

PARAMSTORE_VECTOR_CLONES void decode_bfloat16(const unsigned char* source, std::size_t count, double* out) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t upper_half = load<std::uint16_t>(source, i);
    out[i] = static_cast<double>(bit_cast<float>(upper_half << 16));
  }
}

PARAMSTORE_VECTOR_CLONES void decode_float32(const unsigned char* source, std::size_t count, double* out) noexcept {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<double>(load<float>(source, i));
}

PARAMSTORE_VECTOR_CLONES void decode_complex64(const unsigned char* source, std::size_t count, double* real,
                                               double* imag) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    real[i] = static_cast<double>(load<float>(source, 2 * i));
    imag[i] = static_cast<double>(load<float>(source, 2 * i + 1));
  }
}

PARAMSTORE_VECTOR_CLONES void decode_complex128(const unsigned char* source, std::size_t count, double* real,
                                                double* imag) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    real[i] = load<double>(source, 2 * i);
    imag[i] = load<double>(source, 2 * i + 1);
  }
}

}  // namespace

void decode(storage::Dtype dtype, const void* source, std::size_t count, double* real, double* imag) noexcept {
  const auto* bytes = static_cast<const unsigned char*>(source);
  switch (dtype) {
    case storage::Dtype::float16:
      return decode_float16(bytes, count, real);
    case storage::Dtype::bfloat16:
      return decode_bfloat16(bytes, count, real);
    case storage::Dtype::float32:
      return decode_float32(bytes, count, real);
    case storage::Dtype::float64:
      if (count > 0) std::memcpy(real, bytes, count * sizeof(double));
      return;
    case storage::Dtype::complex64:
      return decode_complex64(bytes, count, real, imag);
    case storage::Dtype::complex128:
      return decode_complex128(bytes, count, real, imag);
  }
}

Element element_at(storage::Dtype dtype, const void* source, std::size_t index) noexcept {
  Element element{0.0, 0.0};
  decode(dtype, static_cast<const unsigned char*>(source) + index * storage::dtype_size(dtype), 1, &element.real,
         &element.imag);
  return element;
}

}  // namespace paramstore::sql
