// Tags: what they look like, and that they read back.
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <locale>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "paramstore/constraint.h"
#include "paramstore/error.h"
#include "paramstore/transform.h"
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

TEST_CASE("a tag written by hand is rewritten in the one way that tag() writes it") {
  const std::vector<std::pair<std::string, std::string>> rewritten = {
      {"interval(0,1)", "interval(0.0, 1.0)"},
      {"  interval ( 0.00 ,1e0 ) ", "interval(0.0, 1.0)"},
      {"greater_than(-0)", "greater_than(-0.0)"},
      {"greater_than(1E+2)", "greater_than(100.0)"},
      {"greater_than(1000000)", "greater_than(1000000.0)"},
      {"greater_than(9007199254740993)", "greater_than(9007199254740992.0)"},
      {"greater_than(10000000000000000)", "greater_than(1e+16)"},
      {"greater_than(0.0001)", "greater_than(0.0001)"},
      {"greater_than(0.00001)", "greater_than(1e-05)"},
      {"greater_than(0.1000000000000000055511151231257827)", "greater_than(0.1)"},
      {"greater_than(123456.75)", "greater_than(123456.75)"},
      {"greater_than(5e-324)", "greater_than(5e-324)"},
      {"greater_than(1.7976931348623157e308)", "greater_than(1.7976931348623157e+308)"},
      {"independent( positive,1 )", "independent(positive, 1)"},
      {"greater_than(float32 [ 0.1, 1 ])", "greater_than(float32[0.1,1.0])"},
      {"greater_than(float32[0.10000000149011612])", "greater_than(float32[0.1])"},
      {"greater_than(float32[])", "greater_than(float32[](0))"},
      {"greater_than(bfloat16(0.1))", "greater_than(bfloat16(0.100097656))"},
      {"greater_than(float64[[[1]]])", "greater_than(float64[[[1.0]]])"},
  };
  for (const auto& [text, canonical] : rewritten) {
    CAPTURE(text);
    CHECK(Constraint::parse(text).tag() == canonical);
    CHECK(Constraint::parse(canonical).tag() == canonical);
  }
  CHECK(Constraint::parse("interval(0,1)") == constraints::interval(0.0, 1.0));
  CHECK(Constraint::parse("interval(0,1)") != constraints::unit_interval);
  CHECK(Constraint::parse("greater_than(0.5)") != Constraint::parse("greater_than(0.25)"));
}

TEST_CASE("numbers in tags read back to the same bits, and no locale changes them") {
  struct Commas : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\3"; }
  };
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new Commas));
  std::mt19937_64 bits(7);
  for (int i = 0; i < 20000; ++i) {
    double number = 0;
    const std::uint64_t pattern = bits();
    std::memcpy(&number, &pattern, sizeof number);
    if (std::isnan(number)) {
      continue;
    }
    const auto single = static_cast<float>(number);
    const std::string tag = constraints::interval(number, scalar(static_cast<double>(single), at::kFloat)).tag();
    const std::string::size_type comma = tag.find(", float32(");
    CAPTURE(tag);
    REQUIRE(comma != std::string::npos);
    const std::string wide = tag.substr(9, comma - 9);
    const std::string narrow = tag.substr(comma + 10);
    CHECK(std::strtod(wide.c_str(), nullptr) == number);
    CHECK(std::strtof(narrow.c_str(), nullptr) == single);
    CHECK(wide.find_first_of(".ef") != std::string::npos);
    CHECK(Constraint::parse(tag).tag() == tag);
  }
  std::locale::global(before);
}

TEST_CASE("a tensor bound comes back with its dtype, its shape and its bits") {
  std::mt19937 random(11);
  std::normal_distribution<double> normal(0, 100);
  const std::vector<std::vector<std::int64_t>> shapes = {{}, {1}, {3}, {2, 3}, {1, 1, 4}, {2, 2, 2, 2}, {0}, {3, 0, 2}};
  const at::ScalarType dtypes[] = {at::kHalf, at::kBFloat16, at::kFloat, at::kDouble, at::kChar,
                                   at::kByte, at::kShort,    at::kInt,   at::kLong};
  for (const at::ScalarType dtype : dtypes) {
    for (const auto& shape : shapes) {
      std::int64_t count = 1;
      for (const std::int64_t size : shape) {
        count *= size;
      }
      std::vector<double> values(static_cast<std::size_t>(count));
      std::generate(values.begin(), values.end(), [&] { return std::abs(normal(random)); });
      const at::Tensor bound = tensor(values, shape, dtype);
      const Constraint constraint = constraints::greater_than(bound);
      CAPTURE(constraint.tag());
      const Constraint parsed = Constraint::parse(constraint.tag());
      CHECK(parsed.tag() == constraint.tag());
      // What a constraint says of its own bound, and of the bound's neighbours, tells the bound's value.
      const at::Tensor wide = bound.to(at::kDouble);
      CHECK_FALSE(parsed.check(wide).any().item<bool>());
      CHECK(parsed.check(wide.nextafter(wide.add(1))).all().item<bool>());
      CHECK(parsed.check(wide).sizes().vec() == shape);
    }
  }
}

TEST_CASE("a tensor bound is the constraint's own copy, wherever it comes from") {
  at::Tensor bound = tensor({0.0, 1.0});
  const Constraint constraint = constraints::greater_than(bound);
  bound.add_(10);
  CHECK(constraint.check(tensor({0.5, 1.5})).all().item<bool>());
  const at::Tensor transposed = tensor({0, 1, 2, 3}, {2, 2}).t();
  CHECK(constraints::greater_than(transposed).tag() == "greater_than(float64[[0.0,2.0],[1.0,3.0]])");
  const at::Tensor expanded = tensor({0.5}).expand({2, 2});
  CHECK(constraints::greater_than(expanded).tag() == "greater_than(float64[[0.5,0.5],[0.5,0.5]])");
  const at::Tensor leaf = tensor({0.5}).set_requires_grad(true);
  CHECK(constraints::greater_than(leaf).tag() == "greater_than(float64[0.5])");
}

TEST_CASE("an invalid bound is refused with the argument's name") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto message = [](const Bound& low, const Bound& high) {
    try {
      constraints::interval(low, high);
    } catch (const paramstore::Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(message(nan, 1).find("lower_bound is not a valid bound: it is NaN") != std::string::npos);
  CHECK(message(0, tensor({1, nan})).find("upper_bound is not a valid bound: it holds NaN") != std::string::npos);
  CHECK(message(at::Tensor(), 1).find("lower_bound is not a valid bound: the tensor is undefined") !=
        std::string::npos);
  CHECK(message(0, tensor({1}, at::kBool)).find("dtype Bool; expected one of uint8, int8") != std::string::npos);
  CHECK(message(0, tensor({1}, at::kComplexFloat)).find("dtype ComplexFloat") != std::string::npos);
  CHECK(message(at::empty({1000000}), 1).find("do not fit into a tag") != std::string::npos);
  CHECK_THROWS_AS(constraints::independent(constraints::real, -1), paramstore::Error);
  CHECK_THROWS_AS(constraints::independent(constraints::real, 1000), paramstore::Error);
}

TEST_CASE("a constraint nested too deep for a tag, or too long, is refused when it is made") {
  Constraint constraint = constraints::positive;
  for (int depth = 0; depth < 64; ++depth) {
    constraint = constraints::independent(constraint, 1);
  }
  CHECK(Constraint::parse(constraint.tag()) == constraint);
  CHECK(constraint.event_dim() == 64);
  CHECK_THROWS_AS(constraints::independent(constraint, 1), paramstore::Error);
  CHECK_THROWS_AS(constraints::greater_than(tensor(std::vector<double>(100000, 1.0 / 3))), paramstore::Error);
  CHECK(constraints::greater_than(tensor(std::vector<double>(50000, 1.0 / 3))).is_known());
}

TEST_CASE("a name that this process does not know keeps its text and can do nothing else") {
  for (const std::string tag :
       {"mystery", "mystery(1,  [real,float32[1,2]], deeper(-inf))", " mystery ", "independent(mystery,1)",
        "mystery([], [[1], real])", "independent(independent(mystery(0.5), 1), 2)"}) {
    CAPTURE(tag);
    const Constraint constraint = Constraint::parse(tag);
    CHECK_FALSE(constraint.is_known());
    CHECK(constraint.tag() == tag);
    CHECK(Constraint::parse(tag) == constraint);
    CHECK_THROWS_AS(constraint.event_dim(), paramstore::UnknownConstraint);
    CHECK_THROWS_AS(constraint.is_discrete(), paramstore::UnknownConstraint);
    CHECK_THROWS_AS(constraint.check(scalar(1)), paramstore::UnknownConstraint);
    try {
      transform_to(constraint);
      FAIL("a transform of an unknown constraint");
    } catch (const paramstore::UnknownConstraint& error) {
      CHECK(error.tag() == tag);
      CHECK(std::string(error.what()).find("'" + tag + "'") != std::string::npos);
      CHECK(std::string(error.what()).find("register_constraint") != std::string::npos);
    }
  }
  const Constraint outer = constraints::independent(Constraint::parse("mystery"), 1);
  CHECK_FALSE(outer.is_known());
  CHECK(outer.tag() == "independent(mystery, 1)");
}
