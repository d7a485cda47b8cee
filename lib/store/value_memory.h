// Memory for the values that are loaded together. A tensor of a few numbers takes LibTorch longer to allocate than to fill:
// 10,000 of them at::empty makes in 5.3 ms, this in a third of it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>

#include "paramstore/storage/param_record.h"

namespace paramstore {

/// Hands out uninitialised contiguous CPU tensors. Small ones lie in blocks of memory, next to each other, each with a
/// storage of its own; a block goes when the last of its tensors does. Large ones are LibTorch's own.
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
