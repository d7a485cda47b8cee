// Constraints and transforms compute what PyTorch and Pyro compute.
#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

#include "paramstore/constraint.h"
#include "paramstore/error.h"
#include "paramstore/transform.h"

#include "tests/constraint/vectors.h"  // last: it includes doctest.h

using nlohmann::json;
using paramstore::Constraint;
using paramstore::Transform;
using paramstore::testing::check_close;
using paramstore::testing::for_each_case;
using paramstore::testing::tensor_of;

namespace {

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
