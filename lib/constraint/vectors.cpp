// Constraints on vectors: the last dimension is one value.
#include <c10/core/GradMode.h>

#include <tuple>

#include "lib/constraint/families.h"

namespace paramstore {
namespace {

// LibTorch's softmax computes exp(u - max(u)) / sum(exp(u - max(u))) in one pass. Its gradient y * (g - sum(g * y))
// cancels to nothing for an element close to 1, where the original, which differentiates through the maximum, keeps the
// sum of the others'. So with a gradient the maximum is subtracted first: the same bits, and the original's gradient.
at::Tensor softmax(const at::Tensor& u) {
  const bool with_gradient = c10::GradMode::is_enabled() && u.requires_grad();
  return with_gradient ? u.sub(std::get<0>(u.max(-1, true))).softmax(-1) : u.softmax(-1);
}

}  // namespace

std::vector<ConstraintKind> vectors() {
  return {
      // torch.distributions.constraints._Simplex. SoftmaxTransform; its inverse is the logarithm, one of the many
      // vectors that softmax maps to the same one.
      ConstraintKind("simplex")
          .documentation("x >= 0 and |sum(x) - 1| < 1e-6 along the last dimension; softmax(u)")
          .event_dim(1)
          .check([](const Arguments&, const at::Tensor& value) {
            return value.ge(0).all(-1).logical_and(value.sum(-1).sub(1).abs().lt(1e-6));
          })
          .transform([](const Arguments&, const at::Tensor& u) { return softmax(u); },
                     [](const Arguments&, const at::Tensor& y) { return y.log(); }),
  };
}

}  // namespace paramstore
