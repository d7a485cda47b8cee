// A store's state as a value: Pyro's state dictionary.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/ordered_dict.h>

#include <string>

#include "paramstore/constraint.h"

namespace paramstore {

/// What `get_state` gives and `set_state` takes: the unconstrained leaves (the tensors themselves, not copies) and
/// the constraints, both in insertion order and under the same names.
struct StateDict {
  torch::OrderedDict<std::string, at::Tensor> params;
  torch::OrderedDict<std::string, Constraint> constraints;
};

}  // namespace paramstore
