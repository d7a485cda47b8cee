// One row of the `params` table, all but its value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "paramstore/storage/dtype.h"
#include "paramstore/storage/export.h"

namespace paramstore {

/// Counts a store file's commits, from 1. Every transaction that changes a file has the next one.
using Revision = std::int64_t;

namespace storage {

struct ParamRecord {
  std::int64_t id = 0;  // the row; ascending ids are insertion order
  std::string name;
  std::string constraint_tag;
  Dtype dtype = Dtype::float32;
  std::vector<std::int64_t> shape;
  std::string device = "cpu";
  Revision revision = 0;                  // the commit that last changed the row
  std::optional<std::uint64_t> checksum;  // XXH3-64 of the value; none where another tool wrote it
};

/// The bytes of a value, borrowed: contiguous, row-major, little-endian.
struct ValueBytes {
  const void* data = nullptr;
  std::size_t size = 0;
};

/// "[2,3]" for {2, 3}; "[]" for a scalar.
PARAMSTORE_STORAGE_EXPORT std::string shape_to_json(const std::vector<std::int64_t>& shape);

/// The reverse. Accepts what JSON accepts (spaces too) of an array of non-negative integers that fit
/// 64 bits, at most 64 of them; nothing for any other text.
PARAMSTORE_STORAGE_EXPORT std::optional<std::vector<std::int64_t>> parse_shape(std::string_view json);

/// Bytes of a value of this shape and dtype; nothing where the product overflows 63 bits.
PARAMSTORE_STORAGE_EXPORT std::optional<std::uint64_t> value_size(const std::vector<std::int64_t>& shape,
                                                                  Dtype dtype) noexcept;

/// XXH3-64 (seed 0) of the bytes: what the `checksum` column holds, as a signed 64-bit integer.
PARAMSTORE_STORAGE_EXPORT std::uint64_t value_checksum(ValueBytes value) noexcept;

}  // namespace storage
}  // namespace paramstore
