// Shapes and sizes of parameters, for people.
#pragma once

#include <cstdint>
#include <string>

#include "paramstore/storage/param_record.h"

namespace paramstore::cli {

/// "[2, 3]", "[]" for a scalar: as PyTorch shows a size.
std::string shape_text(const std::vector<std::int64_t>& shape);

/// How many elements a value has; bytes of a value. `record` comes from a store, so that both fit.
std::uint64_t element_count(const storage::ParamRecord& record);
std::uint64_t byte_size(const storage::ParamRecord& record);

}  // namespace paramstore::cli
