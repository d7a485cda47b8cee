// torch.finfo in C++.
#pragma once

#include <c10/core/ScalarType.h>

namespace paramstore {

struct FloatLimits {
  double eps;   // the distance from 1 to the next larger number
  double tiny;  // the smallest normal number
};

/// Throws c10::Error for a dtype that is not one of float16, bfloat16, float32, float64.
FloatLimits float_limits(c10::ScalarType dtype);

}  // namespace paramstore
