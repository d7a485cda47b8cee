#include "lib/constraint/sigmoid.h"

#include "lib/constraint/float_limits.h"

namespace paramstore {
namespace {

at::Tensor clipped(const at::Tensor& tensor) {
  const FloatLimits limits = float_limits(tensor.scalar_type());
  return tensor.clamp(limits.tiny, 1.0 - limits.eps);
}

}  // namespace

at::Tensor clipped_sigmoid(const at::Tensor& unconstrained) { return clipped(unconstrained.sigmoid()); }

at::Tensor clipped_logit(const at::Tensor& constrained) {
  const at::Tensor inside = clipped(constrained);
  return inside.log().sub(inside.neg().log1p());
}

}  // namespace paramstore
