#include "lib/constraint/tag_writer.h"

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <variant>
#include <vector>

#include "lib/constraint/dtype_names.h"
#include "lib/text/number_text.h"

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
void write_elements(std::string& tag, const at::Tensor& tensor, std::int64_t dim, const Element*& next) {
  if (dim == tensor.dim()) {
    tag += element_text(*next++);
    return;
  }
  tag += '[';
  for (std::int64_t i = 0; i < tensor.size(dim); ++i) {
    tag += i == 0 ? "" : ",";
    write_elements(tag, tensor, dim + 1, next);
  }
  tag += ']';
}

template <typename Element>
void write_elements(std::string& tag, const at::Tensor& tensor) {
  const Element* next = tensor.data_ptr<Element>();
  if (tensor.dim() == 0) {
    tag += '(' + element_text(*next) + ')';
  } else {
    write_elements(tag, tensor, 0, next);
  }
}

void write(std::string& tag, const at::Tensor& tensor) {
  tag += bound_dtype_name(tensor.scalar_type());
  if (tensor.numel() == 0) {
    tag += "[](";
    for (std::int64_t i = 0; i < tensor.dim(); ++i) {
      tag += (i == 0 ? "" : ",") + std::to_string(tensor.size(i));
    }
    tag += ')';
    return;
  }
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

void write(std::string& tag, const Bound& bound) {
  if (bound.number() != nullptr) {
    tag += real_text(*bound.number());
  } else {
    write(tag, *bound.tensor());
  }
}

void write(std::string& tag, std::int64_t integer) { tag += std::to_string(integer); }

void write(std::string& tag, const Constraint& constraint) { tag += constraint.tag(); }

template <typename Item>
void write(std::string& tag, const std::vector<Item>& items) {
  tag += '[';
  bool first = true;
  for (const Item& item : items) {
    tag += first ? "" : ", ";
    first = false;
    write(tag, item);
  }
  tag += ']';
}

}  // namespace

std::string write_tag(std::string_view name, const Arguments& arguments) {
  std::string tag(name);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    tag += i == 0 ? "(" : ", ";
    std::visit([&tag](const auto& argument) { write(tag, argument); }, arguments[i]);
  }
  if (arguments.size() > 0) {
    tag += ')';
  }
  return tag;
}

std::size_t tag_depth(std::string_view tag) noexcept {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  for (const char c : tag) {
    if (c == '(' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ')' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace paramstore
