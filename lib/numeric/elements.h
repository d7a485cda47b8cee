// Bytes of a value as numbers. The bytes may lie anywhere: SQLite aligns no blob.
#pragma once

#include <cstddef>

#include "paramstore/storage/dtype.h"

namespace paramstore::numeric {

constexpr bool is_complex(storage::Dtype dtype) noexcept {
  return dtype == storage::Dtype::complex64 || dtype == storage::Dtype::complex128;
}

/// Whether a float holds the numbers of this dtype. A double holds those of every one.
constexpr bool fits_float(storage::Dtype dtype) noexcept {
  return dtype != storage::Dtype::float64 && dtype != storage::Dtype::complex128;
}

/// Turns `count` elements at `source` into numbers, exactly. `imag` is written for complex dtypes only, and may be
/// null for others. As floats: only dtypes of which `fits_float`.
void decode(storage::Dtype dtype, const void* source, std::size_t count, float* real, float* imag) noexcept;
void decode(storage::Dtype dtype, const void* source, std::size_t count, double* real, double* imag) noexcept;

/// The same with the two parts of a complex number side by side, so 2 * count numbers for these dtypes. As floats: dtypes
/// of which `fits_float`; as doubles: the others.
void decode_parts(storage::Dtype dtype, const void* source, std::size_t count, float* parts) noexcept;
void decode_parts(storage::Dtype dtype, const void* source, std::size_t count, double* parts) noexcept;

/// `imag` is 0 unless the dtype is complex.
struct Element {
  double real;
  double imag;
};

/// Element `index` of the value at `source`.
Element element_at(storage::Dtype dtype, const void* source, std::size_t index) noexcept;

}  // namespace paramstore::numeric
