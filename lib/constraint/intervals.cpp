// Intervals with two ends.
#include "lib/constraint/bound.h"
#include "lib/constraint/families.h"
#include "lib/constraint/sigmoid.h"

namespace paramstore {
namespace {

// The registry's special case: numbers 0 and 1, not tensors of them.
bool is_unit(const Arguments& arguments) {
  return is_number(arguments.bound(0), 0.0) && is_number(arguments.bound(1), 1.0);
}

void prepare_width(Arguments& arguments) {
  require_bounds_together(arguments);
  arguments.prepared = {subtract(arguments.bound(1), arguments.bound(0))};
}

at::Tensor onto_interval(const Arguments& arguments, const at::Tensor& u) {
  at::Tensor unit = clipped_sigmoid(u);
  return is_unit(arguments) ? unit : add(multiply(unit, arguments.prepared[0]), arguments.bound(0));
}

at::Tensor from_interval(const Arguments& arguments, const at::Tensor& y) {
  return clipped_logit(is_unit(arguments) ? y : divide(subtract(y, arguments.bound(0)), arguments.prepared[0]));
}

}  // namespace

std::vector<ConstraintKind> intervals() {
  return {
      // torch.distributions.constraints._Interval(0.0, 1.0). SigmoidTransform.
      ConstraintKind("unit_interval")
          .documentation("0 <= x <= 1; sigmoid(u), clamped to [tiny, 1 - eps] of the dtype")
          .check([](const Arguments&, const at::Tensor& value) { return value.ge(0.0).logical_and(value.le(1.0)); })
          .transform([](const Arguments&, const at::Tensor& u) { return clipped_sigmoid(u); },
                     [](const Arguments&, const at::Tensor& y) { return clipped_logit(y); }),

      // torch.distributions.constraints._Interval. SigmoidTransform, then
      // AffineTransform(lower_bound, upper_bound - lower_bound).
      ConstraintKind("interval")
          .documentation("lower_bound <= x <= upper_bound; lower_bound + (upper_bound - lower_bound) * sigmoid(u)")
          .prepare(prepare_width)
          .check([](const Arguments& arguments, const at::Tensor& value) {
            return greater_equal(value, arguments.bound(0)).logical_and(less_equal(value, arguments.bound(1)));
          })
          .transform(onto_interval, from_interval),

      // torch.distributions.constraints._HalfOpenInterval: without the upper bound. The transform of interval.
      ConstraintKind("half_open_interval")
          .documentation("lower_bound <= x < upper_bound; lower_bound + (upper_bound - lower_bound) * sigmoid(u)")
          .prepare(prepare_width)
          .check([](const Arguments& arguments, const at::Tensor& value) {
            return greater_equal(value, arguments.bound(0)).logical_and(less(value, arguments.bound(1)));
          })
          .transform(onto_interval, from_interval),
  };
}

namespace constraints {

Constraint interval(const Bound& lower_bound, const Bound& upper_bound) {
  return make_constraint("interval", {lower_bound, upper_bound});
}

Constraint half_open_interval(const Bound& lower_bound, const Bound& upper_bound) {
  return make_constraint("half_open_interval", {lower_bound, upper_bound});
}

}  // namespace constraints
}  // namespace paramstore
