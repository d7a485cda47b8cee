// Constraints whose values are isolated points. None has a transform, because they have no gradient.
#include "lib/constraint/bound.h"
#include "lib/constraint/families.h"
#include "lib/constraint/reasons.h"

namespace paramstore {
namespace {

constexpr const char* no_gradient = "its values are isolated points, which have no gradient";

at::Tensor is_integer(const at::Tensor& value) { return value.remainder(1).eq(0); }

at::Tensor is_boolean(const at::Tensor& value) { return value.eq(0).logical_or(value.eq(1)); }

}  // namespace

std::vector<ConstraintKind> discrete() {
  return {
      // torch.distributions.constraints._Boolean.
      ConstraintKind("boolean")
          .documentation("x is 0 or 1")
          .discrete()
          .no_transform(no_gradient)
          .check([](const Arguments&, const at::Tensor& value) { return is_boolean(value); }),

      // pyro.distributions.constraints._Integer: no remainder by 1. Infinity leaves one, NaN.
      ConstraintKind("integer")
          .documentation("x is an integer")
          .discrete()
          .no_transform(no_gradient)
          .check([](const Arguments&, const at::Tensor& value) { return is_integer(value); }),

      // torch.distributions.constraints._IntegerGreaterThan(0), which includes its bound.
      ConstraintKind("nonnegative_integer")
          .documentation("x is an integer, x >= 0")
          .discrete()
          .no_transform(no_gradient)
          .check([](const Arguments&, const at::Tensor& value) { return is_integer(value).logical_and(value.ge(0)); }),

      // torch.distributions.constraints._IntegerGreaterThan(1), which includes its bound.
      ConstraintKind("positive_integer")
          .documentation("x is an integer, x >= 1")
          .discrete()
          .no_transform(no_gradient)
          .check([](const Arguments&, const at::Tensor& value) { return is_integer(value).logical_and(value.ge(1)); }),

      // torch.distributions.constraints._IntegerInterval, which includes both bounds.
      ConstraintKind("integer_interval")
          .documentation("x is an integer, lower_bound <= x <= upper_bound")
          .prepare(require_bounds_together)
          .discrete()
          .no_transform(no_gradient)
          .check([](const Arguments& arguments, const at::Tensor& value) {
            return is_integer(value)
                .logical_and(greater_equal(value, arguments.bound(0)))
                .logical_and(less_equal(value, arguments.bound(1)));
          }),

      // torch.distributions.constraints._OneHot.
      ConstraintKind("one_hot")
          .documentation("0 or 1 along the last dimension, summing to 1")
          .event_dim(1)
          .discrete()
          .no_transform(no_gradient)
          .check([](const Arguments&, const at::Tensor& value) {
            return is_boolean(value).all(-1).logical_and(value.sum(-1).eq(1));
          })
          .explain([](const Arguments&, const at::Tensor& event) {
            return or_else(which_has(event, is_boolean(event).logical_not()), [&] { return which_sums(event); });
          }),

      // torch.distributions.constraints._Multinomial, which asks neither for integers nor for the sum to be the bound
      // itself.
      ConstraintKind("multinomial")
          .documentation("x >= 0 along the last dimension, summing to upper_bound at most")
          .event_dim(1)
          .discrete()
          .no_transform(no_gradient)
          .check([](const Arguments& arguments, const at::Tensor& value) {
            return value.ge(0).all(-1).logical_and(less_equal(value.sum(-1), arguments.bound(0)));
          })
          .explain([](const Arguments&, const at::Tensor& event) {
            return or_else(which_has(event, event.lt(0)), [&] { return which_sums(event); });
          }),
  };
}

namespace constraints {

Constraint integer_interval(const Bound& lower_bound, const Bound& upper_bound) {
  return make_constraint("integer_interval", {lower_bound, upper_bound});
}
Constraint multinomial(const Bound& upper_bound) { return make_constraint("multinomial", {upper_bound}); }

}  // namespace constraints
}  // namespace paramstore
