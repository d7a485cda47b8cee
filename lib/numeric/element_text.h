// Elements and indices as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/numeric/elements.h"
#include "paramstore/storage/shape.h"

namespace paramstore::numeric {

using Shape = std::vector<std::int64_t>;

/// Appends the shortest number that reads back to the same one of its dtype ("0.1" for a float16 that is
/// 0.0999755859375), [re,im] for a complex one. NaN is null and infinity 9e999.
void append_json(std::string& json, storage::Dtype dtype, const Element& element);

/// The indices of the element at `position` in row-major order: "[1,2]", "[]" in a scalar.
std::string indices_json(const Shape& shape, std::uint64_t position);

/// Its index in one dimension, which must be one that the shape has.
std::int64_t index_at(const Shape& shape, std::uint64_t position, std::size_t dimension) noexcept;

}  // namespace paramstore::numeric
