// Tags: what they look like, and that they read back.
#include <ATen/ops/equal.h>

#include <limits>
#include <string>
#include <vector>

#include "paramstore/constraint.h"
#include "paramstore/error.h"
#include "tests/constraint/tensors.h"

#include <doctest/doctest.h>  // last: the glog that Debian's LibTorch includes has a CHECK of its own

using paramstore::Bound;
using paramstore::Constraint;
using paramstore::testing::scalar;
using paramstore::testing::tensor;
namespace constraints = paramstore::constraints;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// A global of a user's file, initialized before main.
const Constraint of_a_global = constraints::independent(constraints::positive, 2);

struct Example {
  Constraint constraint;
  std::string tag;
};

std::vector<Example> examples() {
  return {
      {constraints::real, "real"},
      {constraints::positive, "positive"},
      {constraints::unit_interval, "unit_interval"},
      {constraints::simplex, "simplex"},
      {constraints::lower_cholesky, "lower_cholesky"},
      {constraints::greater_than(0.5), "greater_than(0.5)"},
      {constraints::greater_than(-infinity), "greater_than(-inf)"},
      {constraints::interval(0, 1), "interval(0.0, 1.0)"},
      {constraints::interval(-1.0F, 2L), "interval(-1.0, 2.0)"},
      {constraints::interval(1.0, 0.0), "interval(1.0, 0.0)"},
      {constraints::independent(constraints::positive, 1), "independent(positive, 1)"},
      {constraints::independent(constraints::independent(constraints::interval(0, 1), 0), 2),
       "independent(independent(interval(0.0, 1.0), 0), 2)"},
      {constraints::greater_than(scalar(0.5, at::kFloat)), "greater_than(float32(0.5))"},
      {constraints::interval(tensor({0, 0.1}, {2, 1}, at::kFloat), 1), "interval(float32[[0.0],[0.1]], 1.0)"},
      {constraints::interval(tensor({-infinity, 1e300}), infinity), "interval(float64[-inf,1e+300], inf)"},
      {constraints::greater_than(tensor({1.5, -2}, at::kHalf)), "greater_than(float16[1.5,-2.0])"},
      {constraints::greater_than(tensor({1.5, -2}, at::kBFloat16)), "greater_than(bfloat16[1.5,-2.0])"},
      {constraints::greater_than(tensor({1, -2}, at::kLong)), "greater_than(int64[1,-2])"},
      {constraints::greater_than(tensor({255}, at::kByte)), "greater_than(uint8[255])"},
      {constraints::greater_than(tensor({}, {2, 0, 3}, at::kFloat)), "greater_than(float32[](2,0,3))"},
  };
}

}  // namespace

TEST_CASE("every constraint has its tag, and the tag reads back to an equal constraint") {
  for (const Example& example : examples()) {
    CAPTURE(example.tag);
    CHECK(example.constraint.tag() == example.tag);
    CHECK(example.constraint.is_known());
    const Constraint parsed = Constraint::parse(example.tag);
    CHECK(parsed.is_known());
    CHECK(parsed.tag() == example.tag);
    CHECK(parsed == example.constraint);
    CHECK(parsed.event_dim() == example.constraint.event_dim());
  }
}

TEST_CASE("a global may be made of constraints before main") {
  CHECK(of_a_global.tag() == "independent(positive, 2)");
  CHECK(of_a_global.event_dim() == 2);
}
