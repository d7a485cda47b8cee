// The sigmoid that torch.distributions constrains to intervals by.
#pragma once

#include <ATen/core/Tensor.h>

namespace paramstore {

/// sigmoid(u), clamped to [tiny, 1 - eps] of its dtype, so that neither bound of the unit interval is ever reached.
/// torch.distributions.transforms.SigmoidTransform.
at::Tensor clipped_sigmoid(const at::Tensor& unconstrained);

/// log(y) - log(1 - y) of y clamped in the same way.
at::Tensor clipped_logit(const at::Tensor& constrained);

}  // namespace paramstore
