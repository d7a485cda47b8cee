// The element types a value may have. A closed table: these are LibTorch's floating-point and complex
// types, the ones that can require gradients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "paramstore/storage/export.h"

namespace paramstore::storage {

enum class Dtype : std::uint8_t { float16, bfloat16, float32, float64, complex64, complex128 };

/// The name in the `dtype` column, which is LibTorch's: "float32".
PARAMSTORE_STORAGE_EXPORT std::string_view dtype_name(Dtype dtype) noexcept;

/// Bytes of one element.
PARAMSTORE_STORAGE_EXPORT std::size_t dtype_size(Dtype dtype) noexcept;

/// The type of that name; nullopt if it does not exist.
PARAMSTORE_STORAGE_EXPORT std::optional<Dtype> parse_dtype(std::string_view name) noexcept;

}  // namespace paramstore::storage
