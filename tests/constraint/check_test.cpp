// What check returns, and for which tensors. Its verdicts are compared with PyTorch's in conformance_test.cpp.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "paramstore/constraint.h"
#include "tests/constraint/tensors.h"

#include <doctest/doctest.h>  // last: the glog that Debian's LibTorch includes has a CHECK of its own

using paramstore::Constraint;
using paramstore::testing::scalar;
using paramstore::testing::tensor;
using paramstore::testing::values_of;
namespace constraints = paramstore::constraints;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

std::vector<double> verdicts(const Constraint& constraint, const at::Tensor& value) {
  return values_of(constraint.check(value));
}

}  // namespace

TEST_CASE("check gives one bool for each event") {
  struct Example {
    Constraint constraint;
    std::int64_t event_dim;
  };
  const at::Tensor value = tensor(std::vector<double>(72, 0.5), {2, 4, 3, 3});
  for (const Example& example :
       {Example{constraints::real, 0}, Example{constraints::positive, 0}, Example{constraints::greater_than(0), 0},
        Example{constraints::interval(0, 1), 0}, Example{constraints::unit_interval, 0},
        Example{constraints::simplex, 1}, Example{constraints::lower_cholesky, 2},
        Example{constraints::independent(constraints::positive, 1), 1},
        Example{constraints::independent(constraints::simplex, 2), 3},
        Example{constraints::independent(constraints::lower_cholesky, 2), 4}}) {
    CAPTURE(example.constraint.tag());
    CHECK(example.constraint.event_dim() == example.event_dim);
    CHECK_FALSE(example.constraint.is_discrete());
    const at::Tensor inside = example.constraint.check(value);
    const bool is_bool = inside.scalar_type() == at::kBool;
    CHECK(is_bool);
    const std::vector<std::int64_t> batch =
        value.sizes().slice(0, static_cast<std::size_t>(4 - example.event_dim)).vec();
    CHECK(inside.sizes().vec() == batch);
  }
}

TEST_CASE("bounds are inside or outside as each constraint says, and NaN is never inside") {
  const at::Tensor value = tensor({-infinity, -1, 0, 0.5, 1, infinity, not_a_number});
  CHECK(verdicts(constraints::real, value) == std::vector<double>{1, 1, 1, 1, 1, 1, 0});
  CHECK(verdicts(constraints::positive, value) == std::vector<double>{0, 0, 0, 1, 1, 1, 0});
  CHECK(verdicts(constraints::greater_than(0), value) == std::vector<double>{0, 0, 0, 1, 1, 1, 0});
  CHECK(verdicts(constraints::unit_interval, value) == std::vector<double>{0, 0, 1, 1, 1, 0, 0});
  CHECK(verdicts(constraints::interval(0, 1), value) == std::vector<double>{0, 0, 1, 1, 1, 0, 0});
  CHECK(verdicts(constraints::interval(1, 0), value) == std::vector<double>(7, 0));
  CHECK(verdicts(constraints::interval(-infinity, infinity), value) == std::vector<double>{1, 1, 1, 1, 1, 1, 0});
}

TEST_CASE("a tensor bound applies element by element, in every batch") {
  const Constraint constraint = constraints::interval(tensor({0, 10}), tensor({{5}}, {1}));
  CHECK(verdicts(constraint, tensor({1, 1, 6, 6}, {2, 2})) == std::vector<double>{1, 0, 0, 0});
  CHECK(verdicts(constraints::greater_than(tensor({0, 1})), scalar(0.5)) == std::vector<double>{1, 0});
}

TEST_CASE("a bound that is a whole number works with values of every dtype") {
  for (const at::ScalarType dtype : {at::kHalf, at::kBFloat16, at::kFloat, at::kDouble, at::kInt, at::kLong}) {
    const at::Tensor value = tensor({-1, 0, 1, 2}, dtype);
    CHECK(verdicts(constraints::greater_than(0), value) == std::vector<double>{0, 0, 1, 1});
    CHECK(verdicts(constraints::interval(0, 1), value) == std::vector<double>{0, 1, 1, 0});
    CHECK(verdicts(constraints::independent(constraints::positive, 1), value) == std::vector<double>{0});
  }
}

TEST_CASE("integers are compared as integers, also those that a float32 cannot hold") {
  const at::Tensor value = tensor({16777217}, at::kLong);  // 2^24 + 1
  CHECK(verdicts(constraints::greater_than(16777216), value) == std::vector<double>{1});
  CHECK(verdicts(constraints::less_than(16777218), value) == std::vector<double>{1});
  CHECK(verdicts(constraints::integer_interval(0, 16777216), value) == std::vector<double>{0});
  CHECK(verdicts(constraints::integer_interval(16777217, 16777217), value) == std::vector<double>{1});
  CHECK(verdicts(constraints::multinomial(16777216), value) == std::vector<double>{0});
  CHECK(verdicts(constraints::greater_than(infinity), value) == std::vector<double>{0});
  CHECK(verdicts(constraints::greater_than(-infinity), value) == std::vector<double>{1});
  CHECK(verdicts(constraints::less_than(1e300), value) == std::vector<double>{1});
  CHECK(verdicts(constraints::greater_than(0.5), tensor({0, 1}, at::kLong)) == std::vector<double>{0, 1});
}

// Deliberately unlike the original, which joins the checks along dim of themselves: the last batch dimension here, so
// that it gives four verdicts for two vectors.
TEST_CASE("cat and stack along a dimension of the event give one verdict for each event") {
  using constraints::simplex;
  const at::Tensor value = tensor({0.5, 0.25, 0.25, 1, 0.5, 0.25, 0.5, 1}, {2, 4});
  CHECK(verdicts(constraints::cat({simplex, simplex}, -1, {3, 1}), value) == std::vector<double>{1, 0});
  const at::Tensor vectors = tensor(std::vector<double>(24, 0.25), {3, 2, 4});
  CHECK(constraints::cat({simplex, simplex}, -2, {1, 1}).check(vectors).sizes().vec() ==
        std::vector<std::int64_t>{3, 2});
  CHECK(constraints::stack({simplex, simplex}, -2).check(vectors).sizes().vec() == std::vector<std::int64_t>{3, 2});
}

TEST_CASE("check leaves no trace in the graph") {
  const at::Tensor value = tensor({0.5, 0.5}).set_requires_grad(true);
  for (const Constraint& constraint : {constraints::real, constraints::simplex, constraints::positive}) {
    CHECK_FALSE(constraint.check(value).requires_grad());
  }
}
