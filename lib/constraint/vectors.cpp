// Constraints on vectors: the last dimension is one value.
#include <ATen/ops/cat.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <cmath>
#include <tuple>

#include "lib/constraint/families.h"
#include "lib/constraint/float_limits.h"
#include "lib/constraint/reasons.h"

namespace paramstore {
namespace {

// LibTorch's softmax computes exp(u - max(u)) / sum(exp(u - max(u))) in one pass. Its gradient y * (g - sum(g * y))
// cancels to nothing for an element close to 1, where the original, which differentiates through the maximum, keeps the
// sum of the others'. So with a gradient the maximum is subtracted first: the same bits, and the original's gradient.
at::Tensor softmax(const at::Tensor& u) {
  const bool with_gradient = c10::GradMode::is_enabled() && u.requires_grad();
  return with_gradient ? u.sub(std::get<0>(u.max(-1, true))).softmax(-1) : u.softmax(-1);
}

// Pyro's safe_normalize: u / |u|, and (1, 0, ..., 0) for an all-zero vector, set without recording it in autograd.
at::Tensor normalized(const at::Tensor& u) {
  const at::Tensor norm = at::linalg_vector_norm(u, 2, at::IntArrayRef{-1}, true);
  at::Tensor unit = u.div(norm.clamp_min(float_limits(u.scalar_type()).tiny));
  const at::Tensor data = unit.variable_data();
  data.select(-1, 0).masked_fill_(data.eq(0).all(-1), 1);
  return unit;
}

at::Tensor is_increasing(const at::Tensor& value) { return value.slice(-1, 1).gt(value.slice(-1, 0, -1)).all(-1); }

// Pyro's OrderedTransform: the first element as it is, then steps up by the exponentials of the others.
at::Tensor ordered(const at::Tensor& u) { return at::cat({u.slice(-1, 0, 1), u.slice(-1, 1).exp()}, -1).cumsum(-1); }

at::Tensor ordered_inverse(const at::Tensor& y) {
  return at::cat({y.slice(-1, 0, 1), y.slice(-1, 1).sub(y.slice(-1, 0, -1)).log()}, -1);
}

}  // namespace

std::vector<ConstraintKind> vectors() {
  return {
      // torch.distributions.constraints.real_vector, which is independent(real, 1). identity_transform.
      ConstraintKind("real_vector")
          .documentation("x == x along the last dimension; u")
          .event_dim(1)
          .check([](const Arguments&, const at::Tensor& value) { return value.eq(value).all(-1); })
          .explain([](const Arguments&, const at::Tensor&) { return std::string(); })  // NaN alone is outside
          .transform([](const Arguments&, const at::Tensor& u) { return u; },
                     [](const Arguments&, const at::Tensor& y) { return y; })
          .is_identity([](const Arguments&) { return true; }),

      // torch.distributions.constraints._Simplex. SoftmaxTransform; its inverse is the logarithm, one of the many
      // vectors that softmax maps to the same one.
      ConstraintKind("simplex")
          .documentation("x >= 0 and |sum(x) - 1| < 1e-6 along the last dimension; softmax(u)")
          .event_dim(1)
          .check([](const Arguments&, const at::Tensor& value) {
            return value.ge(0).all(-1).logical_and(value.sum(-1).sub(1).abs().lt(1e-6));
          })
          .explain([](const Arguments&, const at::Tensor& event) {
            return or_else(which_has(event, event.lt(0)), [&] { return which_sums(event); });
          })
          .transform([](const Arguments&, const at::Tensor& u) { return softmax(u); },
                     [](const Arguments&, const at::Tensor& y) { return y.log(); }),

      // pyro.distributions.constraints._Sphere, and Pyro's transform Normalize, whose inverse leaves a vector as it is.
      ConstraintKind("sphere")
          .documentation("||x| - 1| < 10 eps sqrt(n) along the last dimension; u / |u|, (1, 0, ..., 0) where u is 0")
          .event_dim(1)
          .check([](const Arguments&, const at::Tensor& value) {
            const double eps = float_limits(value.scalar_type()).eps;
            const double tolerance = 10.0 * eps * std::sqrt(static_cast<double>(value.size(-1)));
            return at::linalg_vector_norm(value, 2, at::IntArrayRef{-1}).sub(1).abs().lt(tolerance);
          })
          .explain([](const Arguments&, const at::Tensor& event) {
            return "whose length is " + element_text(at::linalg_vector_norm(event));
          })
          .transform([](const Arguments&, const at::Tensor& u) { return normalized(u); },
                     [](const Arguments&, const at::Tensor& y) { return y; }),

      // pyro.distributions.constraints._OrderedVector. Pyro's OrderedTransform. One element is in order, even NaN.
      ConstraintKind("ordered_vector")
          .documentation("x[i] < x[i + 1] along the last dimension; x[0] = u[0], x[i] = x[i - 1] + exp(u[i])")
          .event_dim(1)
          .check([](const Arguments&, const at::Tensor& value) { return is_increasing(value); })
          .explain([](const Arguments&, const at::Tensor& event) { return which_does_not_increase(event); })
          .transform([](const Arguments&, const at::Tensor& u) { return ordered(u); },
                     [](const Arguments&, const at::Tensor& y) { return ordered_inverse(y); }),

      // pyro.distributions.constraints._PositiveOrderedVector. OrderedTransform, then ExpTransform. The original does
      // not say that its event is a vector, so event_dim is 0 there and here, though its check takes the last dimension
      // together.
      ConstraintKind("positive_ordered_vector")
          .documentation("0 < x[0], x[i] < x[i + 1] along the last dimension; exp of the transform of ordered_vector")
          .check([](const Arguments&, const at::Tensor& value) {
            TORCH_CHECK(value.dim() > 0, "expected at least 1 dimension");
            return is_increasing(value).logical_and(value.gt(0).all(-1));
          })
          .explain([](const Arguments&, const at::Tensor& event) {
            return or_else(which_has(event, event.le(0)), [&] { return which_does_not_increase(event); });
          })
          .transform([](const Arguments&, const at::Tensor& u) { return ordered(u).exp(); },
                     [](const Arguments&, const at::Tensor& y) { return ordered_inverse(y.log()); }),
  };
}

}  // namespace paramstore
