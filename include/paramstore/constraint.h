// Where a parameter's values may lie.
//
// The names, the checks and the transforms are those of torch.distributions.constraints and
// pyro.distributions.constraints, so that a stored unconstrained tensor means the same number in both.
//
//   using namespace paramstore;
//   constraints::positive                                   // an object
//   constraints::interval(-1.0, 2.0)                        // a family
//   constraints::independent(constraints::positive, 1)      // built from others
//   Constraint::parse("interval(-1.0, 2.0)")                // from a store's constraint_tag column
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "paramstore/export.h"
#include "paramstore/transform.h"

namespace paramstore {

/// A set of tensors, described by a text that round-trips: the tag. A value: cheap to copy, immutable, safe to use from several
/// threads. Two constraints are equal when their tags are.
class PARAMSTORE_EXPORT Constraint {
 public:
  /// Reads a tag. A name that this process does not know (see `register_constraint`) gives a constraint that has a tag and
  /// nothing else: it can be stored and compared; `check`, `event_dim` and `transform_to` throw UnknownConstraint. Text that is no
  /// tag at all throws UnknownConstraint with the place of the first error in the text.
  static Constraint parse(std::string_view tag);

  /// The text of the `constraint_tag` column: "interval(-1.0, 2.0)". `parse(tag())` is equal to this.
  const std::string& tag() const noexcept;

  /// How many of the rightmost dimensions make one value: 0 for `positive`, 1 for `simplex`, 2 for `lower_cholesky`.
  std::int64_t event_dim() const;

  bool is_discrete() const;

  /// Whether each value lies inside: a bool tensor of the value's shape without its last `event_dim()` dimensions. No gradient.
  /// Throws where the tensor has fewer dimensions than that.
  at::Tensor check(const at::Tensor& value) const;

  /// False for a tag that this process does not know.
  bool is_known() const noexcept;

  friend bool operator==(const Constraint& a, const Constraint& b) noexcept { return a.tag() == b.tag(); }
  friend bool operator!=(const Constraint& a, const Constraint& b) noexcept { return !(a == b); }

  struct Node;  // lib/constraint: the kind, its arguments, the tag, the transform
  explicit Constraint(std::shared_ptr<const Node> node) noexcept;

 private:
  friend PARAMSTORE_EXPORT Transform transform_to(const Constraint& constraint);
  std::shared_ptr<const Node> node_;
};

/// A bound of a constraint: a number, or a tensor that broadcasts against the value. Tensor bounds are kept as detached copies on
/// the CPU, and stand in the tag with their dtype.
using Bound = std::variant<double, at::Tensor>;

/// What a user's own constraint consists of. `check` and `event_dim` are needed; without `forward` and `inverse` the constraint
/// can be stored and checked but has no transform.
struct ConstraintDefinition {
  std::int64_t event_dim = 0;
  bool is_discrete = false;
  std::function<at::Tensor(const at::Tensor& value)> check;
  std::function<at::Tensor(const at::Tensor& unconstrained)> forward;
  std::function<at::Tensor(const at::Tensor& constrained)> inverse;
};

/// Makes `name` a constraint of this process: `Constraint::parse(name)` then finds it, also in stores that were opened before.
/// `name` is a letter or underscore followed by letters, digits and underscores. Returns the constraint. Throws Error where the
/// name is not of that form, is one of paramstore's own or is registered already, or `check` is missing, or only one of `forward`
/// and `inverse` is there.
PARAMSTORE_EXPORT Constraint register_constraint(std::string_view name, ConstraintDefinition definition);

namespace constraints {

/// Any number but NaN. Identity. Event dim 0.
extern PARAMSTORE_EXPORT const Constraint real;
/// x > 0. exp. Event dim 0.
extern PARAMSTORE_EXPORT const Constraint positive;
/// 0 <= x <= 1. Sigmoid, clamped to the open interval as torch.distributions.transforms.SigmoidTransform does. Event dim 0.
extern PARAMSTORE_EXPORT const Constraint unit_interval;
/// Non-negative along the last dimension, summing to 1 within 1e-6. Softmax. Event dim 1.
extern PARAMSTORE_EXPORT const Constraint simplex;
/// Lower triangular with a positive diagonal. exp on the diagonal. Event dim 2.
extern PARAMSTORE_EXPORT const Constraint lower_cholesky;

/// x > lower_bound. lower_bound + exp(u). Event dim 0.
PARAMSTORE_EXPORT Constraint greater_than(const Bound& lower_bound);
/// lower_bound <= x <= upper_bound. lower_bound + (upper_bound - lower_bound) * sigmoid(u). Event dim 0.
PARAMSTORE_EXPORT Constraint interval(const Bound& lower_bound, const Bound& upper_bound);
/// `base` with `reinterpreted_batch_ndims` more of its rightmost dimensions taken as one event: checks reduce over them with "all".
PARAMSTORE_EXPORT Constraint independent(const Constraint& base, std::int64_t reinterpreted_batch_ndims);

}  // namespace constraints
}  // namespace paramstore
