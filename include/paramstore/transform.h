// The map between what optimizers move and what users see.
//
//   auto transform = paramstore::transform_to(paramstore::constraints::positive);
//   torch::Tensor scale = transform(unconstrained);      // exp, differentiable
//   torch::Tensor back = transform.inv(scale);           // log
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "paramstore/export.h"

namespace paramstore {

class Constraint;

/// A differentiable map from unconstrained tensors onto a constraint's set, with an inverse. A value: cheap to copy,
/// safe to use from several threads. Both directions run on any device, follow the grad mode of the caller, can be
/// differentiated more than once, and keep dtype and batch dimensions. Some change the shape of an event: `corr_cholesky`
/// and `corr_matrix` map vectors to matrices.
class PARAMSTORE_EXPORT Transform {
 public:
  /// From unconstrained to constrained. Throws UnsupportedTensor if the tensor is undefined or LibTorch has no kernel
  /// for its dtype, and Error if its shape does not fit: fewer dimensions than an event, a matrix that is not square, a
  /// bound that does not broadcast.
  at::Tensor operator()(const at::Tensor& unconstrained) const;

  /// From constrained to unconstrained. For a value outside the constraint, returns what the formula gives, often NaN:
  /// check first with `Constraint::check`. If the map is many to one (softmax), returns one of the possible inverses.
  /// Throws as the other direction does.
  at::Tensor inv(const at::Tensor& constrained) const;

  /// True for `real`, and `independent` of it: both directions return their argument itself.
  bool is_identity() const noexcept;

  struct Node;  // lib/constraint: the constraint's node
  explicit Transform(std::shared_ptr<const Node> node) noexcept;

 private:
  std::shared_ptr<const Node> node_;
};

/// The transform of torch.distributions' `transform_to` registry for this constraint, as Pyro uses for parameters.
/// Throws UnknownConstraint if the constraint has none (`boolean`, `symmetric`, one known only by its tag), naming it
/// and saying why.
PARAMSTORE_EXPORT Transform transform_to(const Constraint& constraint);

}  // namespace paramstore
