#include "paramstore/transform.h"

#include <c10/util/Exception.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "lib/constraint/describe.h"
#include "lib/constraint/node.h"
#include "paramstore/constraint.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

[[noreturn]] void refuse(const Transform::Node& node, const at::Tensor& tensor, std::int64_t event_dim) {
  if (!tensor.defined()) {
    throw UnsupportedTensor("the transform of " + the_constraint(node.tag) + " got an undefined tensor");
  }
  throw Error("the transform of " + the_constraint(node.tag) + " takes tensors of at least " +
              counted(event_dim, "dimension") + ", but got " + describe(tensor));
}

[[noreturn]] void rethrow(const Transform::Node& node, const at::Tensor& tensor, const c10::Error& error) {
  const std::string message = "the transform of " + the_constraint(node.tag) + " failed on " + describe(tensor) + ": " +
                              error.what_without_backtrace();
  switch (tensor.scalar_type()) {
    case c10::ScalarType::Float:
    case c10::ScalarType::Double:
      throw Error(message);
    default:  // LibTorch reports a missing kernel only in its message text
      throw UnsupportedTensor(message);
  }
}

void require_event(const Transform::Node& node, const at::Tensor& tensor,
                   const std::optional<std::int64_t>& event_dim) {
  if (!tensor.defined() || tensor.dim() < event_dim.value_or(0)) {
    refuse(node, tensor, event_dim.value_or(0));
  }
}

}  // namespace

at::Tensor constrain(const Transform::Node& node, const at::Tensor& unconstrained) {
  require_event(node, unconstrained, node.unconstrained_event_dim);
  return node.kind->forward()(node.arguments, unconstrained);
}

at::Tensor unconstrain(const Transform::Node& node, const at::Tensor& constrained) {
  require_event(node, constrained, node.event_dim);
  return node.kind->inverse()(node.arguments, constrained);
}

Transform::Transform(std::shared_ptr<const Node> node) noexcept : node_(std::move(node)) {}

at::Tensor transform(const Transform::Node& node, const at::Tensor& unconstrained) {
  try {
    return constrain(node, unconstrained);
  } catch (const c10::Error& error) {
    rethrow(node, unconstrained, error);
  }
}

at::Tensor Transform::operator()(const at::Tensor& unconstrained) const { return transform(*node_, unconstrained); }

at::Tensor Transform::inv(const at::Tensor& constrained) const {
  try {
    return unconstrain(*node_, constrained);
  } catch (const c10::Error& error) {
    rethrow(*node_, constrained, error);
  }
}

bool Transform::is_identity() const noexcept { return node_->is_identity; }

const std::shared_ptr<const Constraint::Node>& require_transform(const Constraint& constraint) {
  const std::shared_ptr<const Constraint::Node>& node = resolve(node_of(constraint));
  if (node == nullptr) {
    throw_unknown(constraint.tag(), "has no transform for it");
  }
  if (const ConstraintKind* kind = node->without_transform) {
    throw UnknownConstraint(
        the_constraint(node->tag) + " has no transform" +
            (kind != node->kind ? ", because '" + kind->name() + "' in it has none" : std::string()) + ": " +
            kind->no_transform_reason(),
        node->tag);
  }
  return node;
}

Transform transform_to(const Constraint& constraint) { return Transform(require_transform(constraint)); }

}  // namespace paramstore
