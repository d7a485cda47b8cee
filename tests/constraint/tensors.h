// Small tensors for tests, without the headers that torch::tensor and its kin need.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/ScalarType.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace paramstore::testing {

/// A tensor of these values, in row-major order, of the dtype given.
inline at::Tensor tensor(const std::vector<double>& values, const std::vector<std::int64_t>& shape,
                         at::ScalarType dtype = at::kDouble) {
  at::Tensor wide = at::empty(shape, at::TensorOptions(at::kDouble));
  std::copy(values.begin(), values.end(), wide.data_ptr<double>());
  return wide.to(dtype);
}

inline at::Tensor tensor(const std::vector<double>& values, at::ScalarType dtype = at::kDouble) {
  return tensor(values, {static_cast<std::int64_t>(values.size())}, dtype);
}

inline at::Tensor scalar(double value, at::ScalarType dtype = at::kDouble) { return tensor({value}, {}, dtype); }

/// The values in row-major order, as doubles.
inline std::vector<double> values_of(const at::Tensor& tensor) {
  const at::Tensor wide = tensor.detach().to(at::kDouble).contiguous();
  const double* first = wide.data_ptr<double>();
  return {first, first + wide.numel()};
}

}  // namespace paramstore::testing
