// The bytes of a tensor, as storage takes and gives them.
#pragma once

#include <cstddef>

namespace paramstore::storage {

/// The bytes of a value, borrowed: contiguous, row-major, little-endian.
struct ValueBytes {
  const void* data = nullptr;
  std::size_t size = 0;
};

}  // namespace paramstore::storage
