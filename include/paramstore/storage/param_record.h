// One row of the `params` table, all but its value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "paramstore/storage/dtype.h"
#include "paramstore/storage/export.h"
#include "paramstore/storage/shape.h"
#include "paramstore/storage/value_bytes.h"

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
  std::optional<std::uint64_t> checksum;  // XXH3-64 of the value; none if another tool wrote it
};

/// XXH3-64 (seed 0) of the bytes: what the `checksum` column holds, as a signed 64-bit integer.
PARAMSTORE_STORAGE_EXPORT std::uint64_t value_checksum(ValueBytes value) noexcept;

}  // namespace storage
}  // namespace paramstore
