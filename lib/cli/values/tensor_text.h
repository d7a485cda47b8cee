// A tensor as PyTorch prints it.
#pragma once

#include <string>

#include "paramstore/storage/param_record.h"

namespace paramstore::cli {

/// "tensor([0.1000, 2.0000])": what Python's print(tensor) shows with PyTorch's default options. Tensors of more than
/// 1000 elements are abbreviated to three at each end of every dimension.
std::string tensor_text(storage::Dtype dtype, const std::vector<std::int64_t>& shape, const void* value);

}  // namespace paramstore::cli
