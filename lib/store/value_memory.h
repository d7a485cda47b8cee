// Memory for values that are loaded together. LibTorch takes longer to allocate a small tensor than to fill it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>

#include "paramstore/storage/param_record.h"

namespace paramstore {

/// Hands out uninitialised contiguous CPU tensors. Small ones share blocks of memory, each with its own storage; a
/// block is freed with the last of its tensors. Large ones come from LibTorch.
class ValueMemory {
 public:
  ValueMemory() = default;
  ~ValueMemory();
  ValueMemory(const ValueMemory&) = delete;
  ValueMemory& operator=(const ValueMemory&) = delete;

  /// A tensor of the row's shape and dtype.
  at::Tensor empty_value(const storage::ParamRecord& record);

 private:
  struct Block;
  Block* block_ = nullptr;  // the one that is being handed out
  std::size_t used_ = 0;    // bytes of it
};

}  // namespace paramstore
