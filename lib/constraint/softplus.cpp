#include "lib/constraint/softplus.h"

#include <ATen/ops/softplus.h>

namespace paramstore {

at::Tensor softplus(const at::Tensor& unconstrained) { return at::softplus(unconstrained); }

at::Tensor softplus_inverse(const at::Tensor& constrained) {
  return constrained.add(constrained.neg().expm1().neg().log());
}

}  // namespace paramstore
