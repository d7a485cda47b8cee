// Tensors, constraints and counts in messages.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace paramstore {

/// "a float32 tensor of shape [2, 3]"
std::string describe(const at::Tensor& tensor);

/// "[2, 3]"
std::string shape_text(const at::Tensor& tensor);

/// "the constraint 'positive'". A long tag is cut.
std::string the_constraint(std::string_view tag);

/// "1 argument", "2 arguments"
std::string counted(std::int64_t count, std::string_view noun);

}  // namespace paramstore
