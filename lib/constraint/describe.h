// A tensor in a message.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace paramstore {

/// "a float32 tensor of shape [2, 3]"
std::string describe(const at::Tensor& tensor);

}  // namespace paramstore
