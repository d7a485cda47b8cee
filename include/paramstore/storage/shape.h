// The shape of a value, as text and in bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "paramstore/storage/dtype.h"
#include "paramstore/storage/export.h"

namespace paramstore::storage {

/// "[2,3]" for {2, 3}; "[]" for a scalar.
PARAMSTORE_STORAGE_EXPORT std::string shape_to_json(const std::vector<std::int64_t>& shape);

/// The reverse. Accepts what JSON accepts (spaces too) of an array of non-negative integers that fit
/// 64 bits, at most 64 of them; nullopt for any other text.
PARAMSTORE_STORAGE_EXPORT std::optional<std::vector<std::int64_t>> parse_shape(std::string_view json);

/// Bytes of a value of this shape and dtype; nullopt if the product overflows 63 bits.
PARAMSTORE_STORAGE_EXPORT std::optional<std::uint64_t> value_size(const std::vector<std::int64_t>& shape,
                                                                  Dtype dtype) noexcept;

}  // namespace paramstore::storage
