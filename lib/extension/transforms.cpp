// The part of the extension that needs LibTorch: the module paramstore_transforms.so, which transforms_part.cpp loads.
#include "lib/extension/transforms.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <array>
#include <cstring>
#include <exception>
#include <iomanip>
#include <sstream>
#include <string>
#include <string_view>

#include "paramstore/constraint.h"
#include "paramstore/error.h"
#include "paramstore/transform.h"

namespace paramstore::extension {
namespace {

at::ScalarType scalar_type(std::int32_t dtype) {
  // In the order of storage::Dtype.
  constexpr std::array<at::ScalarType, 6> types{at::kHalf,   at::kBFloat16,     at::kFloat,
                                                at::kDouble, at::kComplexFloat, at::kComplexDouble};
  return types.at(static_cast<std::size_t>(dtype));
}

at::Tensor tensor_of(const TransformTensor& value) {
  const at::IntArrayRef shape(value.sizes, static_cast<std::size_t>(value.dimensions));
  at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(scalar_type(value.dtype)));
  if (tensor.nbytes() != value.byte_count) throw Error("the bytes of the value do not fit its shape");
  if (value.byte_count > 0) std::memcpy(tensor.data_ptr(), value.bytes, tensor.nbytes());
  return tensor;
}

void require_inside(const Constraint& constraint, const at::Tensor& value) {
  const at::Tensor inside = constraint.check(value);
  if (inside.all().item().toBool()) return;
  const at::Tensor outside = inside.logical_not().nonzero();
  std::string index;
  for (std::int64_t dim = 0; dim < outside.size(1); ++dim) {
    index += (dim > 0 ? ", " : "") + std::to_string(outside[0][dim].item().toLong());
  }
  std::ostringstream message;
  message << "expected a value under the constraint '" << constraint.tag() << "', ";
  if (inside.sizes() == value.sizes()) {
    at::Tensor element = value;
    for (std::int64_t dim = 0; dim < outside.size(1); ++dim) element = element[outside[0][dim].item().toLong()];
    message << "found ";
    if (element.is_complex()) {
      message << element.to(at::kComplexDouble).item().toComplexDouble();
    } else {
      message << std::setprecision(9) << element.to(at::kDouble).item().toDouble();
    }
  } else {
    message << "which this is not";
  }
  if (!index.empty()) message << " at index [" << index << "]";
  if (outside.size(0) > 1) message << " and " << outside.size(0) - 1 << " more";
  throw Error(message.str());
}

at::Tensor constrain(const Constraint& constraint, const at::Tensor& value) { return transform_to(constraint)(value); }

at::Tensor unconstrain(const Constraint& constraint, const at::Tensor& value) {
  const Transform transform = transform_to(constraint);  // first: whether there is one matters more than the value
  require_inside(constraint, value);
  return transform.inv(value);
}

void fail(const TransformReceiver& receiver, std::string_view message) {
  receiver.fail(receiver.state, message.data(), message.size());
}

template <at::Tensor (*map)(const Constraint&, const at::Tensor&)>
void run(const TransformTensor* value, const char* tag, std::uint64_t tag_length, const TransformReceiver* receiver) {
  at::Tensor result;
  try {
    const c10::InferenceMode no_gradients;
    const auto constraint = Constraint::parse({tag, static_cast<std::size_t>(tag_length)});
    result = map(constraint, tensor_of(*value)).to(scalar_type(value->dtype)).resolve_conj().resolve_neg().contiguous();
  } catch (const c10::Error& error) {
    return fail(*receiver, error.what_without_backtrace());
  } catch (const std::exception& error) {
    return fail(*receiver, error.what());
  } catch (...) {
    return fail(*receiver, "an exception of an unknown kind");
  }
  const TransformTensor taken{result.nbytes() > 0 ? result.data_ptr() : nullptr, result.nbytes(), value->dtype,
                              result.sizes().data(), result.sizes().size()};
  receiver->take(receiver->state, &taken);
}

constexpr Transforms transforms{run<constrain>, run<unconstrain>};

}  // namespace
}  // namespace paramstore::extension

extern "C" __attribute__((visibility("default"))) const Transforms* PARAMSTORE_TRANSFORMS_ENTRY() {
  return &paramstore::extension::transforms;
}
