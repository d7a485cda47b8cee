// Bytes of a value as numbers. The bytes may lie anywhere: SQLite aligns no blob.
#pragma once

#include <cstddef>

#include "paramstore/storage/dtype.h"

namespace paramstore::sql {

constexpr bool is_complex(storage::Dtype dtype) noexcept {
  return dtype == storage::Dtype::complex64 || dtype == storage::Dtype::complex128;
}

/// One element; `imag` is 0 unless the dtype is complex. A double holds the numbers of every dtype exactly.
struct Element {
  double real;
  double imag;
};

/// Turns `count` elements at `source` into doubles. `imag` is written for complex dtypes only, and may be null for others.
void decode(storage::Dtype dtype, const void* source, std::size_t count, double* real, double* imag) noexcept;

/// Element `index` of the value at `source`.
Element element_at(storage::Dtype dtype, const void* source, std::size_t index) noexcept;

}  // namespace paramstore::sql
