// LibTorch's dtypes and those of tags.
#pragma once

#include <c10/core/ScalarType.h>

#include <optional>

#include "lib/text/dtype.h"

namespace paramstore {

/// nullopt for a dtype that has no name here, such as a quantized one.
std::optional<ElementType> element_type_of(c10::ScalarType dtype) noexcept;
c10::ScalarType scalar_type_of(ElementType type) noexcept;

}  // namespace paramstore
