// What PyTorch and Pyro compute, number by number: ../conformance/constraints/vectors.json, written by generate.py
// there.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "paramstore/constraint.h"
#include "tests/constraint/tensors.h"

#include <doctest/doctest.h>  // last: the glog that Debian's LibTorch includes has a CHECK of its own

namespace paramstore::testing {

using nlohmann::json;

inline const json& vectors() {
  static const json all = json::parse(std::ifstream(PARAMSTORE_CONSTRAINT_VECTORS));
  return all;
}

inline at::ScalarType dtype_of(const json& tensor) {
  const std::string name = tensor.at("dtype");
  return name == "float64" ? at::kDouble : name == "float32" ? at::kFloat : at::kBool;
}

inline double number_of(const json& value) {
  if (value.is_string()) {
    return std::strtod(value.get<std::string>().c_str(), nullptr);  // inf, -inf, nan
  }
  return value.is_boolean() ? static_cast<double>(value.get<bool>()) : value.get<double>();
}

inline at::Tensor tensor_of(const json& tensor) {
  std::vector<double> values;
  for (const json& value : tensor.at("values")) {
    values.push_back(number_of(value));
  }
  return testing::tensor(values, tensor.at("shape").get<std::vector<std::int64_t>>(), dtype_of(tensor));
}

// float64 to 1e-12 of the value, float32 to 4 units in the last place; denormals to 4 of the smallest.
inline double tolerance(double expected, at::ScalarType dtype) {
  if (dtype == at::kDouble) {
    return std::max(std::abs(expected) * 1e-12, 4 * std::numeric_limits<double>::denorm_min());
  }
  const float magnitude = std::abs(static_cast<float>(expected));
  const double ulp = static_cast<double>(std::nextafter(magnitude, std::numeric_limits<float>::infinity())) -
                     static_cast<double>(magnitude);
  return 4 * ulp;
}

inline void check_close(const at::Tensor& actual, const json& original) {
  const at::Tensor expected = tensor_of(original);
  const json noise = original.value("noise", json::object());
  const bool same_dtype = actual.scalar_type() == expected.scalar_type();
  const bool same_shape = actual.sizes() == expected.sizes();
  CHECK(same_dtype);
  CHECK(same_shape);
  const std::vector<double> found = values_of(actual);
  const std::vector<double> wanted = values_of(expected);
  REQUIRE(found.size() == wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    CAPTURE(found[i]);
    CAPTURE(wanted[i]);
    const bool same = found[i] == wanted[i] || (std::isnan(found[i]) && std::isnan(wanted[i]));
    const double allowed = std::max(tolerance(wanted[i], expected.scalar_type()), noise.value(std::to_string(i), 0.0));
    const bool close = same || (std::isfinite(wanted[i]) && std::abs(found[i] - wanted[i]) <= allowed);
    CHECK(close);
  }
}

/// Runs `test(constraint, example)` for each of the file's cases of that kind.
template <typename Test>
void for_each_case(const std::string& kind, const Test& test) {
  std::size_t count = 0;
  for (const json& example : vectors().at("cases")) {
    if (example.at("case") == kind) {
      const std::string tag = example.at("tag");
      CAPTURE(tag);
      CAPTURE(count);
      test(Constraint::parse(tag), example);
      ++count;
    }
  }
  CHECK(count > 0);
}

}  // namespace paramstore::testing
