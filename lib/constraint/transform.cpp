#include "paramstore/transform.h"

#include <c10/util/Exception.h>

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
    throw UnsupportedTensor("the transform of the constraint '" + node.tag + "' got an undefined tensor");
  }
  throw Error("the transform of the constraint '" + node.tag + "' takes tensors of at least " +
              std::to_string(event_dim) + " dimensions, but got " + describe(tensor));
}

[[noreturn]] void rethrow(const Transform::Node& node, const at::Tensor& tensor, const c10::Error& error) {
  const std::string message = "the transform of the constraint '" + node.tag + "' failed on " + describe(tensor) +
                              ": " + error.what_without_backtrace();
  switch (tensor.scalar_type()) {
    case c10::ScalarType::Float:
    case c10::ScalarType::Double:
      throw Error(message);
    default:  // where LibTorch has no kernel for the dtype, it says so in words only
      throw UnsupportedTensor(message);
  }
}

at::Tensor apply(const Transform::Node& node, const ConstraintKind::Map& map, std::int64_t event_dim,
                 const at::Tensor& tensor) {
  if (!tensor.defined() || tensor.dim() < event_dim) {
    refuse(node, tensor, event_dim);
  }
  try {
    return map(node.arguments, tensor);
  } catch (const c10::Error& error) {
    rethrow(node, tensor, error);
  }
}

}  // namespace

at::Tensor constrain(const Transform::Node& node, const at::Tensor& unconstrained) {
  return apply(node, node.kind->forward(), node.unconstrained_event_dim.value_or(0), unconstrained);
}

at::Tensor unconstrain(const Transform::Node& node, const at::Tensor& constrained) {
  return apply(node, node.kind->inverse(), node.event_dim.value_or(0), constrained);
}

Transform::Transform(std::shared_ptr<const Node> node) noexcept : node_(std::move(node)) {}

at::Tensor Transform::operator()(const at::Tensor& unconstrained) const { return constrain(*node_, unconstrained); }

at::Tensor Transform::inv(const at::Tensor& constrained) const { return unconstrain(*node_, constrained); }

bool Transform::is_identity() const noexcept { return node_->is_identity; }

Transform transform_to(const Constraint& constraint) {
  std::shared_ptr<const Constraint::Node> node = resolve(constraint.node_);
  if (node == nullptr) {
    throw UnknownConstraint("the constraint '" + constraint.tag() +
                                "' is not known to this process, so it has no transform here: make its name known with "
                                "paramstore::register_constraint",
                            constraint.tag());
  }
  if (const ConstraintKind* kind = node->without_transform) {
    throw UnknownConstraint(
        "the constraint '" + node->tag + "' has no transform" +
            (kind != node->kind ? ", because '" + kind->name() + "' in it has none" : std::string()) + ": " +
            kind->no_transform_reason(),
        node->tag);
  }
  return Transform(std::move(node));
}

}  // namespace paramstore
