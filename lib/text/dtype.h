// The dtypes of LibTorch that a store may name: those of values, of tensors in constraint tags, of saved state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace paramstore {

enum class ElementType : std::uint8_t {
  boolean,
  uint8,
  int8,
  int16,
  int32,
  int64,
  float16,
  bfloat16,
  float32,
  float64,
  complex64,
  complex128,
};

/// LibTorch's name: "bool", "float32".
std::string_view element_type_name(ElementType type) noexcept;
/// Bytes of one element.
std::size_t element_type_size(ElementType type) noexcept;
std::optional<ElementType> parse_element_type(std::string_view name) noexcept;

/// Whether a tensor in a constraint tag may have this dtype: all but bool and the complex ones.
bool may_be_in_tag(ElementType type) noexcept;
/// The same, by name.
std::optional<ElementType> parse_tag_element_type(std::string_view name) noexcept;
/// "uint8, int8, ...": those of tags, for messages.
std::string tag_element_types();

}  // namespace paramstore
