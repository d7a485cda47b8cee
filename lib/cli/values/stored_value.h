// A value, read whole.
#pragma once

#include <vector>

#include "lib/cli/values/shape_text.h"
#include "paramstore/storage/database.h"

namespace paramstore::cli {

/// The bytes of `record`'s value, verified against its checksum.
inline std::vector<char> read_value(storage::StoreFile& file, const storage::ParamRecord& record) {
  std::vector<char> value(byte_size(record));
  file.read_value(record, value.data());
  return value;
}

}  // namespace paramstore::cli
