// The dtypes of tensor bounds, by their names in tags.
#pragma once

#include <c10/core/ScalarType.h>

#include <optional>
#include <string>
#include <string_view>

namespace paramstore {

/// "float32"; empty if a bound cannot have this dtype.
std::string_view bound_dtype_name(c10::ScalarType dtype) noexcept;
std::optional<c10::ScalarType> bound_dtype(std::string_view name) noexcept;
/// All of them, for messages.
std::string bound_dtype_list();

}  // namespace paramstore
