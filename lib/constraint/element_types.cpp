#include "lib/constraint/element_types.h"

#include <cstddef>
#include <iterator>

namespace paramstore {
namespace {

// In the order of ElementType.
constexpr c10::ScalarType scalar_types[] = {
    c10::ScalarType::Bool,  c10::ScalarType::Byte,   c10::ScalarType::Char,         c10::ScalarType::Short,
    c10::ScalarType::Int,   c10::ScalarType::Long,   c10::ScalarType::Half,         c10::ScalarType::BFloat16,
    c10::ScalarType::Float, c10::ScalarType::Double, c10::ScalarType::ComplexFloat, c10::ScalarType::ComplexDouble,
};
static_assert(std::size(scalar_types) == static_cast<std::size_t>(ElementType::complex128) + 1);

}  // namespace

std::optional<ElementType> element_type_of(c10::ScalarType dtype) noexcept {
  for (std::size_t i = 0; i < std::size(scalar_types); ++i) {
    if (scalar_types[i] == dtype) {
      return static_cast<ElementType>(i);
    }
  }
  return std::nullopt;
}

c10::ScalarType scalar_type_of(ElementType type) noexcept { return scalar_types[static_cast<std::size_t>(type)]; }

}  // namespace paramstore
