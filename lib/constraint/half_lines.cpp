// The real line and its halves.
#include <cmath>
#include <cstddef>

#include "lib/constraint/bound.h"
#include "lib/constraint/families.h"
#include "lib/constraint/softplus.h"

namespace paramstore {
namespace {

// As a ConstraintKind::AllPass. `passes` is false for NaN.
template <class Passes>
bool all_elements(at::ScalarType type, const void* elements, std::size_t count, const Passes& passes) {
  // No early end: the compiler makes vector code of it.
  const auto all = [&](const auto* first) {
    bool result = true;
    for (std::size_t i = 0; i < count; ++i) result = result & passes(first[i]);
    return result;
  };
  switch (type) {
    case at::kFloat:
      return all(static_cast<const float*>(elements));
    case at::kDouble:
      return all(static_cast<const double*>(elements));
    default:
      return false;
  }
}

bool all_numbers(at::ScalarType type, const void* elements, std::size_t count) {
  return all_elements(type, elements, count, [](auto x) { return !std::isnan(x); });
}

bool all_positive(at::ScalarType type, const void* elements, std::size_t count) {
  return all_elements(type, elements, count, [](auto x) { return x > 0; });
}

}  // namespace

std::vector<ConstraintKind> half_lines() {
  return {
      // torch.distributions.constraints._Real: x == x, which NaN is not. identity_transform.
      ConstraintKind("real")
          .documentation("x == x; u")
          .check([](const Arguments&, const at::Tensor& value) { return value.eq(value); })
          .all_pass(all_numbers)
          .transform([](const Arguments&, const at::Tensor& u) { return u; },
                     [](const Arguments&, const at::Tensor& y) { return y; })
          .is_identity([](const Arguments&) { return true; }),

      // torch.distributions.constraints._GreaterThan(0.0): 0 < x. The registry composes ExpTransform with
      // AffineTransform(0, 1), which changes no bit of the result.
      ConstraintKind("positive")
          .documentation("x > 0; exp(u)")
          .check([](const Arguments&, const at::Tensor& value) { return value.gt(0.0); })
          .all_pass(all_positive)
          .transform([](const Arguments&, const at::Tensor& u) { return u.exp(); },
                     [](const Arguments&, const at::Tensor& y) { return y.log(); }),

      // torch.distributions.constraints._GreaterThanEq(0.0): 0 <= x. The transform of positive, which reaches 0 only by
      // rounding.
      ConstraintKind("nonnegative")
          .documentation("x >= 0; exp(u)")
          .check([](const Arguments&, const at::Tensor& value) { return value.ge(0.0); })
          .transform([](const Arguments&, const at::Tensor& u) { return u.exp(); },
                     [](const Arguments&, const at::Tensor& y) { return y.log(); }),

      // pyro.distributions.constraints._SoftplusPositive: positive, by another map. Pyro's SoftplusTransform.
      ConstraintKind("softplus_positive")
          .documentation("x > 0; softplus(u) = log(1 + exp(u))")
          .check([](const Arguments&, const at::Tensor& value) { return value.gt(0.0); })
          .all_pass(all_positive)
          .transform([](const Arguments&, const at::Tensor& u) { return softplus(u); },
                     [](const Arguments&, const at::Tensor& y) { return softplus_inverse(y); }),

      // torch.distributions.constraints._GreaterThan: lower_bound < x. ExpTransform, then AffineTransform(lower_bound,
      // 1), whose multiplication by one changes no bit.
      ConstraintKind("greater_than")
          .documentation("x > lower_bound; lower_bound + exp(u)")
          .check([](const Arguments& arguments, const at::Tensor& value) { return greater(value, arguments.bound(0)); })
          .transform(
              [](const Arguments& arguments, const at::Tensor& u) { return add(u.exp(), arguments.bound(0)); },
              [](const Arguments& arguments, const at::Tensor& y) { return subtract(y, arguments.bound(0)).log(); }),

      // torch.distributions.constraints._GreaterThanEq: lower_bound <= x. The transform of greater_than.
      ConstraintKind("greater_than_eq")
          .documentation("x >= lower_bound; lower_bound + exp(u)")
          .check([](const Arguments& arguments, const at::Tensor& value) {
            return greater_equal(value, arguments.bound(0));
          })
          .transform(
              [](const Arguments& arguments, const at::Tensor& u) { return add(u.exp(), arguments.bound(0)); },
              [](const Arguments& arguments, const at::Tensor& y) { return subtract(y, arguments.bound(0)).log(); }),

      // torch.distributions.constraints._LessThan: x < upper_bound. ExpTransform, then AffineTransform(upper_bound, -1).
      // The inverse negates after it subtracts, as the original does: at the bound itself the sign of zero decides on
      // the gradient's sign.
      ConstraintKind("less_than")
          .documentation("x < upper_bound; upper_bound - exp(u)")
          .check([](const Arguments& arguments, const at::Tensor& value) { return less(value, arguments.bound(0)); })
          .transform(
              [](const Arguments& arguments, const at::Tensor& u) { return add(u.exp().neg(), arguments.bound(0)); },
              [](const Arguments& arguments, const at::Tensor& y) {
                return subtract(y, arguments.bound(0)).neg().log();
              }),
  };
}

namespace constraints {

Constraint greater_than(const Bound& lower_bound) { return make_constraint("greater_than", {lower_bound}); }
Constraint greater_than_eq(const Bound& lower_bound) { return make_constraint("greater_than_eq", {lower_bound}); }
Constraint less_than(const Bound& upper_bound) { return make_constraint("less_than", {upper_bound}); }

}  // namespace constraints
}  // namespace paramstore
