#include "lib/constraint/float_limits.h"

#include <c10/util/BFloat16.h>
#include <c10/util/Exception.h>
#include <c10/util/Half.h>

#include <limits>

namespace paramstore {
namespace {

template <typename Float>
FloatLimits limits_of() {
  using Limits = std::numeric_limits<Float>;
  return {static_cast<double>(Limits::epsilon()), static_cast<double>(Limits::min())};
}

}  // namespace

FloatLimits float_limits(c10::ScalarType dtype) {
  switch (dtype) {
    case c10::ScalarType::Half:
      return limits_of<c10::Half>();
    case c10::ScalarType::BFloat16:
      return limits_of<c10::BFloat16>();
    case c10::ScalarType::Float:
      return limits_of<float>();
    case c10::ScalarType::Double:
      return limits_of<double>();
    default:
      TORCH_CHECK(false, "expected float16, bfloat16, float32 or float64, not ", c10::toString(dtype));
  }
}

}  // namespace paramstore
