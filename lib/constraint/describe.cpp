#include "lib/constraint/describe.h"

#include <c10/core/ScalarType.h>

#include "lib/constraint/element_types.h"

namespace paramstore {

std::string describe(const at::Tensor& tensor) {
  const std::optional<ElementType> dtype = element_type_of(tensor.scalar_type());
  const std::string text =
      "a " + (dtype ? std::string(element_type_name(*dtype)) : std::string(c10::toString(tensor.scalar_type()))) +
      " tensor of shape ";
  return text + shape_text(tensor);
}

std::string shape_text(const at::Tensor& tensor) {
  std::string text = "[";
  for (std::int64_t i = 0; i < tensor.dim(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(tensor.size(i));
  }
  return text + "]";
}

std::string the_constraint(std::string_view tag) {
  constexpr std::size_t longest = 200;
  if (tag.size() <= longest) {
    return "the constraint '" + std::string(tag) + "'";
  }
  return "the constraint '" + std::string(tag.substr(0, longest)) + "...' of " + std::to_string(tag.size()) + " bytes";
}

std::string counted(std::int64_t count, std::string_view noun) {
  return std::to_string(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace paramstore
