#include "lib/constraint/bound.h"

#include <ATen/ops/rsub.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/Scalar.h>
#include <c10/core/ScalarType.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <sstream>

#include "lib/constraint/element_types.h"
#include "lib/text/tag_limits.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

constexpr auto max_bound_elements = static_cast<std::int64_t>(max_tag_bytes / 2);  // an element and a comma

// The number of elements of tensors of these sizes after broadcasting, or nullopt if they do not broadcast. A double,
// because sizes beside a 0 may be arbitrarily large.
std::optional<double> broadcast_numel(at::IntArrayRef a, at::IntArrayRef b) {
  double numel = 1;
  for (std::size_t dim = 1; dim <= std::max(a.size(), b.size()); ++dim) {
    const std::int64_t size_a = dim <= a.size() ? a[a.size() - dim] : 1;
    const std::int64_t size_b = dim <= b.size() ? b[b.size() - dim] : 1;
    if (size_a != size_b && size_a != 1 && size_b != 1) {
      return std::nullopt;
    }
    numel *= static_cast<double>(size_a == 1 ? size_b : size_a);
  }
  return numel;
}

// A column of values and a row of bounds from a small file could broadcast to a matrix larger than memory. No real
// parameter is stored so: its inverse transform has broadcast it already.
void require_no_outer_product(const at::Tensor& bound, const at::Tensor& x) {
  constexpr double modest = 1 << 24;
  constexpr double factor = 64;
  if (bound.sizes() == x.sizes()) {
    return;
  }
  const auto together = static_cast<double>(bound.numel() + x.numel());
  TORCH_CHECK(broadcast_numel(bound.sizes(), x.sizes()).value_or(0) <= std::max(modest, factor * together),
              "a bound of shape ", bound.sizes(), " would stretch it beyond ", factor,
              " times the elements of both; expand it first, or take a bound of its own shape");
}

// LibTorch mixes devices only if one side has no dimensions.
at::Tensor beside(const at::Tensor& bound, const at::Tensor& x) {
  if (bound.dim() == 0) {
    return bound;
  }
  require_no_outer_product(bound, x);
  return bound.device() == x.device() ? bound : bound.to(x.device());
}

// A whole number beside integers stays an integer: otherwise it would turn them into floats of 24 bits.
at::Scalar beside(double number, const at::Tensor& x) {
  constexpr double limit = 9223372036854775808.0;  // 2^63
  const bool as_integer =
      c10::isIntegralType(x.scalar_type(), false) && std::trunc(number) == number && number >= -limit && number < limit;
  return as_integer ? at::Scalar(static_cast<std::int64_t>(number)) : at::Scalar(number);
}

[[noreturn]] void refuse(std::string_view parameter, const std::string& why) {
  throw Error("the argument " + std::string(parameter) + " is not a valid bound: " + why);
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
  const std::optional<ElementType> dtype = element_type_of(tensor.scalar_type());
  if (!dtype || !may_be_in_tag(*dtype)) {
    refuse(parameter, std::string("a tensor of dtype ") + c10::toString(tensor.scalar_type()) + "; expected one of " +
                          tag_element_types());
  }
  if (tensor.layout() != at::kStrided || tensor.is_meta()) {
    refuse(parameter, "the tensor is sparse, or has no data");
  }
  if (tensor.numel() > max_bound_elements) {
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

void require_bounds_together(const Arguments& arguments) {
  const at::Tensor* const a = arguments.bound(0).tensor();
  const at::Tensor* const b = arguments.bound(1).tensor();
  if (a == nullptr || b == nullptr) {
    return;
  }
  const auto refuse_both = [&](const std::string& why) {
    std::ostringstream text;
    text << "the bounds of shapes " << a->sizes() << " and " << b->sizes() << why;
    throw Error(text.str());
  };
  const std::optional<double> numel = broadcast_numel(a->sizes(), b->sizes());
  if (!numel) {
    refuse_both(" do not broadcast");
  }
  if (*numel > static_cast<double>(max_bound_elements)) {
    refuse_both(" have " + std::to_string(static_cast<std::int64_t>(*numel)) + " elements together, at most " +
                std::to_string(max_bound_elements) + " are allowed");
  }
}

at::Tensor add(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.add(beside(*b.number(), x)) : beside(*b.tensor(), x).add(x);
}

at::Tensor subtract(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.sub(beside(*b.number(), x)) : x.sub(beside(*b.tensor(), x));
}

at::Tensor multiply(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.mul(beside(*b.number(), x)) : beside(*b.tensor(), x).mul(x);
}

at::Tensor divide(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.div(beside(*b.number(), x)) : x.div(beside(*b.tensor(), x));
}

Bound subtract(const Bound& a, const Bound& b) {
  const c10::InferenceMode ordinary(false);
  if (a.number() != nullptr) {
    return b.number() != nullptr ? Bound(*a.number() - *b.number())
                                 : Bound(at::rsub(*b.tensor(), beside(*a.number(), *b.tensor())));
  }
  return subtract(*a.tensor(), b);
}

at::Tensor greater(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.gt(beside(*b.number(), x)) : x.gt(beside(*b.tensor(), x));
}

at::Tensor greater_equal(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.ge(beside(*b.number(), x)) : x.ge(beside(*b.tensor(), x));
}

at::Tensor less(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.lt(beside(*b.number(), x)) : x.lt(beside(*b.tensor(), x));
}

at::Tensor less_equal(const at::Tensor& x, const Bound& b) {
  return b.number() != nullptr ? x.le(beside(*b.number(), x)) : x.le(beside(*b.tensor(), x));
}

bool is_number(const Bound& bound, double number) noexcept {
  return bound.number() != nullptr && *bound.number() == number;
}

}  // namespace paramstore
