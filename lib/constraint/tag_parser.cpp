#include "lib/constraint/tag_parser.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/ScalarType.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/constraint/element_types.h"
#include "lib/constraint/kind.h"
#include "lib/constraint/node.h"
#include "lib/constraint/registry.h"
#include "lib/text/tag.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

template <typename Element>
void fill(at::Tensor& tensor, const std::vector<std::string_view>& elements) {
  // Half and BFloat16 are read as float, then rounded.
  using Read = std::conditional_t<std::is_integral_v<Element>, std::int64_t,
                                  std::conditional_t<std::is_same_v<Element, double>, double, float>>;
  std::transform(elements.begin(), elements.end(), tensor.data_ptr<Element>(),
                 [](std::string_view element) { return static_cast<Element>(tag_element<Read>(element)); });
}

at::Tensor tensor_of(const TagNode& node) {
  const c10::InferenceMode ordinary(false);  // a tensor made under an inference guard cannot be saved for backward
  at::Tensor tensor = at::empty(node.shape, at::TensorOptions(scalar_type_of(node.dtype)));
  switch (tensor.scalar_type()) {
    case c10::ScalarType::Half:
      fill<at::Half>(tensor, node.elements);
      break;
    case c10::ScalarType::BFloat16:
      fill<at::BFloat16>(tensor, node.elements);
      break;
    case c10::ScalarType::Float:
      fill<float>(tensor, node.elements);
      break;
    case c10::ScalarType::Double:
      fill<double>(tensor, node.elements);
      break;
    case c10::ScalarType::Char:
      fill<std::int8_t>(tensor, node.elements);
      break;
    case c10::ScalarType::Byte:
      fill<std::uint8_t>(tensor, node.elements);
      break;
    case c10::ScalarType::Short:
      fill<std::int16_t>(tensor, node.elements);
      break;
    case c10::ScalarType::Int:
      fill<std::int32_t>(tensor, node.elements);
      break;
    default:
      fill<std::int64_t>(tensor, node.elements);
  }
  return tensor;
}

// nullopt if it is, or contains, an unknown constraint. Throws TagError.
std::optional<Constraint> constraint_of(const TagNode& node);

std::optional<Argument> argument_of(const TagNode& node, ArgumentType type) {
  switch (type) {
    case ArgumentType::bound:
      return node.kind == TagNode::Kind::tensor ? Bound(tensor_of(node)) : Bound(tag_real(node));
    case ArgumentType::integer:
      return tag_integer(node);
    case ArgumentType::constraint:
      return constraint_of(node);
    case ArgumentType::constraints: {
      std::vector<Constraint> constraints;
      bool known = true;
      for (const TagNode& item : node.children) {
        if (std::optional<Constraint> constraint = constraint_of(item)) {
          constraints.push_back(*std::move(constraint));
        } else {
          known = false;
        }
      }
      return known ? std::optional<Argument>(std::move(constraints)) : std::nullopt;
    }
    case ArgumentType::integers: {
      std::vector<std::int64_t> integers;
      for (const TagNode& item : node.children) {
        integers.push_back(tag_integer(item));
      }
      return integers;
    }
  }
  return std::nullopt;
}

std::optional<Constraint> constraint_of(const TagNode& node) {
  const ConstraintKind* kind = Registry::instance().find(node.text);
  if (kind == nullptr) {
    return std::nullopt;
  }
  const ConstraintSignature signature = kind->signature();
  require_arguments(node, signature, kind->documentation());
  std::vector<Argument> arguments;
  bool known = true;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    if (std::optional<Argument> argument = argument_of(node.children[i], signature.parameters[i].type)) {
      arguments.push_back(*std::move(argument));
    } else {
      known = false;
    }
  }
  if (!known) {
    return std::nullopt;
  }
  try {
    return make_constraint(*kind, std::move(arguments));
  } catch (const Error& error) {
    throw TagError(node.place, error.what());
  }
}

}  // namespace

Constraint parse_tag(std::string_view text) {
  if (const Constraint* constraint = Registry::instance().find_constraint(text)) {
    return *constraint;
  }
  try {
    std::optional<Constraint> constraint = constraint_of(parse_tag_tree(text, [](std::string_view name) {
      const ConstraintKind* kind = Registry::instance().find(name);
      return kind == nullptr ? std::string() : kind->signature().takes(kind->documentation());
    }));
    return constraint ? *std::move(constraint) : make_unknown(std::string(text));
  } catch (const TagError& error) {
    throw UnknownConstraint(describe(error, text), std::string(text));
  }
}

Constraint parse_stored_tag(std::string_view text) {
  try {
    return parse_tag(text);
  } catch (const UnknownConstraint&) {
    return make_unknown(std::string(text));  // what is wrong with it, using it says
  }
}

}  // namespace paramstore
