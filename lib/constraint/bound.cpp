#include "lib/constraint/bound.h"

#include <ATen/ops/rsub.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/ScalarType.h>

#include <cmath>
#include <cstdint>

#include "lib/constraint/dtype_names.h"
#include "lib/constraint/tag_limits.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

// LibTorch mixes devices only where one side has no dimensions.
at::Tensor beside(const at::Tensor& bound, const at::Tensor& x) {
  return bound.dim() == 0 || bound.device() == x.device() ? bound : bound.to(x.device());
}

[[noreturn]] void refuse(std::string_view parameter, const std::string& why) {
  throw Error("the argument " + std::string(parameter) + " is no bound: " + why);
}

}  // namespace

Bound normalized(const Bound& bound, std::string_view parameter) {
  if (const double* number = bound.number()) {
    if (std::isnan(*number)) {
      refuse(parameter, "it is NaN, which no value lies above or below");
    }
    return bound;
  }
  const at::Tensor& tensor = *bound.tensor();
  if (!tensor.defined()) {
    refuse(parameter, "the tensor is undefined");
  }
  const std::string_view dtype = bound_dtype_name(tensor.scalar_type());
  if (dtype.empty()) {
    refuse(parameter, std::string("a tensor of dtype ") + c10::toString(tensor.scalar_type()) + "; expected one of " +
                          bound_dtype_list());
  }
  if (tensor.layout() != at::kStrided || tensor.is_meta()) {
    refuse(parameter, "the tensor is sparse, or has no data");
  }
  if (tensor.numel() > static_cast<std::int64_t>(max_tag_bytes / 2)) {  // an element and a comma
    refuse(parameter, "it has " + std::to_string(tensor.numel()) +
                          " elements, which do not fit into a tag of at most " + std::to_string(max_tag_bytes) +
                          " bytes");
  }
  // A tensor made under an inference guard could not be saved for a backward pass later.
  const c10::InferenceMode ordinary(false);
  at::Tensor copy = tensor.detach().to(at::kCPU).resolve_neg().contiguous();
  if (copy.is_alias_of(tensor) || copy.is_inference()) {
    copy = copy.clone();
  }
  if (copy.is_floating_point() && copy.isnan().any().item<bool>()) {
    refuse(parameter, "it holds NaN, which no value lies above or below");
  }
  return copy;
}

at::Tensor add(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.add(*b.number()) : beside(*b.tensor(), x).add(x);
}

at::Tensor subtract(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.sub(*b.number()) : x.sub(beside(*b.tensor(), x));
}

at::Tensor multiply(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.mul(*b.number()) : beside(*b.tensor(), x).mul(x);
}

at::Tensor divide(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.div(*b.number()) : x.div(beside(*b.tensor(), x));
}

Bound subtract(const Bound& a, const Bound& b) {
  const c10::InferenceMode ordinary(false);
  if (a.number() != nullptr) {
    return b.number() != nullptr ? Bound(*a.number() - *b.number()) : Bound(at::rsub(*b.tensor(), *a.number()));
  }
  return subtract(*a.tensor(), b);
}

at::Tensor greater(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.gt(*b.number()) : x.gt(beside(*b.tensor(), x));
}

at::Tensor greater_equal(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.ge(*b.number()) : x.ge(beside(*b.tensor(), x));
}

at::Tensor less(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.lt(*b.number()) : x.lt(beside(*b.tensor(), x));
}

at::Tensor less_equal(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.le(*b.number()) : x.le(beside(*b.tensor(), x));
}

bool is_number(const Bound& bound, double number) noexcept {
  return bound.number() != nullptr && *bound.number() == number;
}

}  // namespace paramstore
