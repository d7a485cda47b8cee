// What a store hands out: a tensor that knows where it comes from.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>

#include "paramstore/export.h"

namespace paramstore {

/// The constrained value of a parameter. It is a torch::Tensor that also knows its leaf, the unconstrained tensor that
/// optimizers move. Under grad mode it carries the graph back to the leaf, so a loss computed from it gives the leaf
/// its gradient.
///
/// A Param is a snapshot: after an optimizer's step, ask the store again. For the constraint `real` it is the leaf
/// itself, and so always up to date.
class Param : public at::Tensor {
 public:
  Param() = default;
  /// A parameter under `real`: value and leaf are one tensor.
  explicit Param(at::Tensor leaf) : at::Tensor(std::move(leaf)) {}
  Param(at::Tensor constrained, at::Tensor leaf) : at::Tensor(std::move(constrained)), leaf_(std::move(leaf)) {}

  /// The leaf. Pyro keeps a weak reference here; this one keeps the tensor alive.
  const at::Tensor& unconstrained() const& noexcept { return leaf_.defined() ? leaf_ : *this; }
  /// The same for a temporary Param: store["scale"].unconstrained().
  at::Tensor unconstrained() const&& noexcept { return leaf_.defined() ? leaf_ : *this; }

 private:
  at::Tensor leaf_;  // undefined if this tensor is the leaf
};

}  // namespace paramstore
