// The softplus that Pyro constrains to positive numbers by.
#pragma once

#include <ATen/core/Tensor.h>

namespace paramstore {

/// log(1 + exp(u)), and u itself above 20, as torch.nn.functional.softplus has it by default.
at::Tensor softplus(const at::Tensor& unconstrained);

/// y + log(1 - exp(-y)). Pyro's softplus_inv.
at::Tensor softplus_inverse(const at::Tensor& constrained);

}  // namespace paramstore
