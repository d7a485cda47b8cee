// What a Constraint and a Transform point to: a kind applied to its arguments, with everything derived from them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/constraint/kind.h"
#include "lib/constraint/reasons.h"
#include "paramstore/constraint.h"
#include "paramstore/transform.h"

namespace paramstore {

/// A transform is its constraint's node seen from the other side, so that `transform_to` only copies a pointer.
struct Transform::Node {
  std::string tag;
  const ConstraintKind* kind = nullptr;  // null: not known when this was made
  Arguments arguments;
  std::optional<std::int64_t> event_dim;
  std::optional<std::int64_t> unconstrained_event_dim;
  std::optional<bool> is_discrete;
  bool is_identity = false;
  const ConstraintKind* without_transform = nullptr;  // this kind or one nested in it, if its transform is missing
};

/// A node with an unknown name looks again as names are registered. Once found, `late` points to it.
struct Constraint::Node : Transform::Node {
  mutable std::atomic<const Node*> late{nullptr};
  mutable std::shared_ptr<const Node> late_owner;              // written once, before `late`
  mutable std::atomic<std::uint64_t> looked_in_generation{0};  // of the registry
};

/// For a constraint that `resolve` does not find. Throws UnknownConstraint: says that the name is not known to this
/// process, "which <consequence>", or what is wrong with an invalid tag.
[[noreturn]] void throw_unknown(const std::string& tag, std::string_view consequence);

/// A constraint that is only a tag so far.
Constraint make_unknown(std::string tag);

const std::shared_ptr<const Constraint::Node>& node_of(const Constraint& constraint) noexcept;

/// The constraint as this process knows it now, or null if unknown. The result lives as long as the node.
const std::shared_ptr<const Constraint::Node>& resolve(const std::shared_ptr<const Constraint::Node>& node);

/// The node behind the constraint's transform. Throws as transform_to does; saves a reference count.
const std::shared_ptr<const Constraint::Node>& require_transform(const Constraint& constraint);

/// What Transform::operator() does.
at::Tensor transform(const Transform::Node& node, const at::Tensor& unconstrained);

/// What Constraint::check, Transform::operator() and Transform::inv do, without the outermost call's work: translating
/// LibTorch's errors and, for a check, disabling gradients. Compositions call these for their parts. The node's kind
/// must be known.
at::Tensor check(const Transform::Node& node, const at::Tensor& value);
at::Tensor constrain(const Transform::Node& node, const at::Tensor& unconstrained);
at::Tensor unconstrain(const Transform::Node& node, const at::Tensor& constrained);

/// Whether the value is known to pass the constraint's check, without calling LibTorch; false: ask Constraint::check.
/// `value` is a defined, strided tensor with data.
bool surely_inside(const Constraint& constraint, const at::Tensor& value);

/// Why `value` is refused at `index`, where its check is false: a clause of reasons.h. Empty if the constraint does not
/// say.
std::string explain(const Constraint& constraint, const at::Tensor& value, const Index& index);

/// The same for a part of a composition.
std::string explain(const Transform::Node& node, const at::Tensor& value, const Index& index);

}  // namespace paramstore
