// Constraints on vectors: the last dimension is one value.
#include "lib/constraint/families.h"

namespace paramstore {

std::vector<ConstraintKind> vectors() {
  return {
      // torch.distributions.constraints._Simplex. SoftmaxTransform: exp(u - max(u)) divided by its sum, which is what
      // LibTorch's softmax computes in one pass; its inverse is the logarithm, one of those that softmax takes back.
      ConstraintKind("simplex")
          .documentation("x >= 0 and |sum(x) - 1| < 1e-6 along the last dimension; softmax(u)")
          .event_dim(1)
          .check([](const Arguments&, const at::Tensor& value) {
            return value.ge(0).all(-1).logical_and(value.sum(-1).sub(1).abs().lt(1e-6));
          })
          .transform([](const Arguments&, const at::Tensor& u) { return u.softmax(-1); },
                     [](const Arguments&, const at::Tensor& y) { return y.log(); }),
  };
}

}  // namespace paramstore
