// What PyTorch and Pyro compute, number by number: ../conformance/constraints/vectors.json, written by generate.py
// there.
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "paramstore/constraint.h"
#include "paramstore/error.h"
#include "paramstore/transform.h"
#include "tests/constraint/tensors.h"

#include <doctest/doctest.h>  // last: the glog that Debian's LibTorch includes has a CHECK of its own

using nlohmann::json;
using paramstore::Constraint;
using paramstore::Transform;
using paramstore::testing::values_of;

namespace {

const json& vectors() {
  static const json all = json::parse(std::ifstream(PARAMSTORE_CONSTRAINT_VECTORS));
  return all;
}

at::ScalarType dtype_of(const json& tensor) {
  const std::string name = tensor.at("dtype");
  return name == "float64" ? at::kDouble : name == "float32" ? at::kFloat : at::kBool;
}

double number_of(const json& value) {
  if (value.is_string()) {
    return std::strtod(value.get<std::string>().c_str(), nullptr);  // inf, -inf, nan
  }
  return value.is_boolean() ? static_cast<double>(value.get<bool>()) : value.get<double>();
}

at::Tensor tensor_of(const json& tensor) {
  std::vector<double> values;
  for (const json& value : tensor.at("values")) {
    values.push_back(number_of(value));
  }
  return paramstore::testing::tensor(values, tensor.at("shape").get<std::vector<std::int64_t>>(), dtype_of(tensor));
}

// float64 to 1e-12 of the value, float32 to 4 units in the last place; denormals to 4 of the smallest.
double tolerance(double expected, at::ScalarType dtype) {
  if (dtype == at::kDouble) {
    return std::max(std::abs(expected) * 1e-12, 4 * std::numeric_limits<double>::denorm_min());
  }
  const float magnitude = std::abs(static_cast<float>(expected));
  const double ulp = static_cast<double>(std::nextafter(magnitude, std::numeric_limits<float>::infinity())) -
                     static_cast<double>(magnitude);
  return 4 * ulp;
}

void check_close(const at::Tensor& actual, const json& original) {
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

void check_map(const json& example, const std::function<at::Tensor(const at::Tensor&)>& map) {
  const at::Tensor input = tensor_of(example.at("input")).set_requires_grad(true);
  const at::Tensor output = map(input);
  {
    INFO("output");
    check_close(output, example.at("output"));
  }
  if (output.is_same(input)) {  // the identity: its gradient is the cotangent
    check_close(tensor_of(example.at("cotangent")), example.at("gradient"));
    return;
  }
  output.backward(tensor_of(example.at("cotangent")));
  INFO("gradient");
  check_close(input.grad(), example.at("gradient"));
}

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

}  // namespace

TEST_CASE("tag, event_dim, is_discrete and whether there is a transform match PyTorch's") {
  for_each_case("properties", [](const Constraint& constraint, const json& example) {
    CHECK(constraint.tag() == example.at("tag").get<std::string>());
    if (example.at("event_dim").is_null()) {  // the original cannot say
      CHECK_THROWS_AS(constraint.event_dim(), paramstore::Error);
      CHECK_THROWS_AS(constraint.is_discrete(), paramstore::Error);
    } else {
      CHECK(constraint.event_dim() == example.at("event_dim").get<std::int64_t>());
      CHECK(constraint.is_discrete() == example.at("is_discrete").get<bool>());
    }
    if (example.at("has_transform").get<bool>()) {
      CHECK_NOTHROW(transform_to(constraint));
    } else {
      CHECK_THROWS_AS(transform_to(constraint), paramstore::UnknownConstraint);
    }
  });
}

TEST_CASE("the transform and its gradient match PyTorch's") {
  for_each_case("forward", [](const Constraint& constraint, const json& example) {
    const Transform transform = transform_to(constraint);
    check_map(example, [&](const at::Tensor& input) { return transform(input); });
  });
}

TEST_CASE("the inverse and its gradient match PyTorch's") {
  for_each_case("inverse", [](const Constraint& constraint, const json& example) {
    const Transform transform = transform_to(constraint);
    check_map(example, [&](const at::Tensor& input) { return transform.inv(input); });
  });
}

TEST_CASE("check gives the same results as PyTorch's") {
  for_each_case("check", [](const Constraint& constraint, const json& example) {
    check_close(constraint.check(tensor_of(example.at("input"))), example.at("output"));
  });
}
