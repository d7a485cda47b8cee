#include "lib/constraint/tag_writer.h"

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <type_traits>
#include <variant>
#include <vector>

#include "lib/constraint/element_types.h"
#include "lib/text/number_text.h"
#include "lib/text/tag.h"

namespace paramstore {
namespace {

template <typename Element>
std::string element_text(Element element) {
  if constexpr (std::is_integral_v<Element>) {
    return std::to_string(element);
  } else if constexpr (std::is_same_v<Element, double>) {
    return real_text(element);
  } else {  // float, and the two halves, which are floats without rounding
    return real_text(static_cast<float>(element));
  }
}

template <typename Element>
void write_elements(TagWriter& tag, const at::Tensor& tensor) {
  const Element* next = tensor.data_ptr<Element>();
  tag.tensor(*element_type_of(tensor.scalar_type()), tensor.sizes().data(), tensor.sizes().size(),
             [&next] { return element_text(*next++); });
}

void write(TagWriter& tag, const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case c10::ScalarType::Half:
      return write_elements<at::Half>(tag, tensor);
    case c10::ScalarType::BFloat16:
      return write_elements<at::BFloat16>(tag, tensor);
    case c10::ScalarType::Float:
      return write_elements<float>(tag, tensor);
    case c10::ScalarType::Double:
      return write_elements<double>(tag, tensor);
    case c10::ScalarType::Char:
      return write_elements<std::int8_t>(tag, tensor);
    case c10::ScalarType::Byte:
      return write_elements<std::uint8_t>(tag, tensor);
    case c10::ScalarType::Short:
      return write_elements<std::int16_t>(tag, tensor);
    case c10::ScalarType::Int:
      return write_elements<std::int32_t>(tag, tensor);
    default:
      return write_elements<std::int64_t>(tag, tensor);
  }
}

void write(TagWriter& tag, const Bound& bound) {
  if (bound.number() != nullptr) {
    tag.text(real_text(*bound.number()));
  } else {
    write(tag, *bound.tensor());
  }
}

void write(TagWriter& tag, std::int64_t integer) { tag.text(std::to_string(integer)); }

void write(TagWriter& tag, const Constraint& constraint) { tag.text(constraint.tag()); }

template <typename Item>
void write(TagWriter& tag, const std::vector<Item>& items) {
  tag.begin_list();
  for (const Item& item : items) {
    write(tag, item);
  }
  tag.end_list();
}

}  // namespace

std::string write_tag(std::string_view name, const Arguments& arguments) {
  TagWriter tag;
  tag.name(name);
  if (arguments.size() > 0) {
    tag.begin_arguments();
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      std::visit([&tag](const auto& argument) { write(tag, argument); }, arguments[i]);
    }
    tag.end_arguments();
  }
  return tag.take();
}

}  // namespace paramstore
