// Shapes and sizes of parameters, for people.
#pragma once

#include <cstdint>
#include <string>

#include "paramstore/storage/param_record.h"

namespace paramstore::cli {

/// "[2, 3]", or "[]" for a scalar: as PyTorch prints sizes.
std::string shape_text(const std::vector<std::int64_t>& shape);

/// The number of elements of a value, and of its bytes. Neither overflows, because `record` comes from a store.
std::uint64_t element_count(const storage::ParamRecord& record);
std::uint64_t byte_size(const storage::ParamRecord& record);

}  // namespace paramstore::cli
