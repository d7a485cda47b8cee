// What holds for every constraint, tried on random ones: nested, with bounds of all sorts.
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "paramstore/constraint.h"
#include "paramstore/error.h"
#include "paramstore/transform.h"
#include "tests/constraint/tensors.h"

#include <doctest/doctest.h>  // last: the glog that Debian's LibTorch includes has a CHECK of its own
#include <rapidcheck.h>

using paramstore::Bound;
using paramstore::Constraint;
using paramstore::Transform;
using paramstore::testing::tensor;
namespace constraints = paramstore::constraints;

namespace {

using Shape = std::vector<std::int64_t>;

std::int64_t below(std::int64_t count) { return *rc::gen::inRange<std::int64_t>(0, count); }

// Of any size and sign, now and then exactly representable in few digits.
double number() {
  const double mantissa = static_cast<double>(below(2'000'001) - 1'000'000) / 1e5;
  return below(2) == 0 ? static_cast<double>(below(21) - 10) / 4
                       : std::ldexp(mantissa, static_cast<int>(below(41)) - 20);
}

at::Tensor random_tensor(const Shape& shape, at::ScalarType dtype, double scale = 1.0) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  std::vector<double> values;
  for (std::int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<double>(below(20'001) - 10'000) / 4000.0 * scale);
  return tensor(values, shape, dtype);
}

// A number, or a tensor that broadcasts along the last dimension, which is of this size.
Bound bound(double value, std::int64_t size) {
  switch (below(4)) {
    case 0: {
      std::vector<double> values;
      for (std::int64_t i = 0; i < size; ++i) values.push_back(value - static_cast<double>(i));
      return tensor(values, {size}, at::kDouble);
    }
    case 1:
      return tensor({value}, {}, at::kDouble);
    default:
      return value;
  }
}

// A constraint, and what to feed its transform: one unconstrained event, or for those of numbers a vector of them.
struct Sample {
  Constraint constraint;
  Shape shape;
  bool many_to_one = false;
};

Sample of_numbers() {
  const std::int64_t size = 1 + below(4);
  const double low = number();
  const double width = 0.25 + std::abs(number());
  switch (below(9)) {
    case 0:
      return {constraints::real, {size}};
    case 1:
      return {constraints::positive, {size}};
    case 2:
      return {constraints::softplus_positive, {size}};
    case 3:
      return {constraints::unit_interval, {size}};
    case 4:
      return {constraints::greater_than_eq(bound(low, size)), {size}};
    case 5:
      return {constraints::less_than(bound(low, size)), {size}};
    case 6:
      return {constraints::interval(low - 5, bound(low + width, size)), {size}};
    case 7:
      return {constraints::half_open_interval(low, low + width), {size}};
    default:
      return {constraints::nonnegative, {size}};
  }
}

Sample of_events() {
  const std::int64_t n = 1 + below(4);
  switch (below(11)) {
    case 0:
      return {constraints::simplex, {n}, true};
    case 1:
      return {constraints::sphere, {n}, true};
    case 2:
      return {constraints::ordered_vector, {n}};
    case 3:
      return {constraints::lower_cholesky, {n, n}, true};
    case 4:
      return {constraints::softplus_lower_cholesky, {n, n}, true};
    case 5:
      return {constraints::unit_lower_cholesky, {n, n}, true};
    case 6:
      return {constraints::corr_cholesky, {n * (n - 1) / 2}};
    case 7:
      return {constraints::corr_matrix, {n * (n - 1) / 2}};
    case 8:
      return {constraints::positive_ordered_vector, {n}};
    case 9:
      return {constraints::positive_semidefinite, {n, n}, true};
    default:
      return {constraints::positive_definite, {n, n}, true};
  }
}

Sample sample(int depth) {
  if (depth == 0 || below(3) == 0) return below(2) == 0 ? of_numbers() : of_events();
  switch (below(3)) {
    case 0: {
      Sample base = sample(depth - 1);
      const std::int64_t more = below(3);
      for (std::int64_t i = 0; i < more; ++i) base.shape.insert(base.shape.begin(), 1 + below(2));
      return {constraints::independent(base.constraint, more), base.shape, base.many_to_one};
    }
    case 1: {  // constraints that map a vector of numbers to one of the same size
      std::vector<Constraint> parts;
      std::vector<std::int64_t> lengths;
      std::int64_t total = 0;
      for (std::int64_t i = 1 + below(3); i > 0; --i) {
        const bool ordered = below(3) == 0;
        lengths.push_back(1 + below(3));
        parts.push_back(ordered ? constraints::ordered_vector : constraints::greater_than_eq(number()));
        total += lengths.back();
      }
      return {constraints::cat(parts, -1, lengths), {total}};
    }
    default: {
      std::vector<Constraint> parts;
      const std::int64_t size = 1 + below(3);
      for (std::int64_t i = 1 + below(3); i > 0; --i)
        parts.push_back(below(2) == 0 ? constraints::real : constraints::interval(-1.0, 2.0 + std::abs(number())));
      const auto count = static_cast<std::int64_t>(parts.size());
      return {constraints::stack(std::move(parts), -2), {count, size}};
    }
  }
}

bool close(const at::Tensor& a, const at::Tensor& b, double tolerance) {
  return a.sizes() == b.sizes() && a.to(at::kDouble).allclose(b.to(at::kDouble), tolerance, tolerance);
}

}  // namespace

TEST_CASE("the tag of a random constraint reads back to an equal one, which computes the same") {
  CHECK(rc::check([] {
    const Sample each = sample(3);
    const Constraint again = Constraint::parse(each.constraint.tag());
    RC_ASSERT(again == each.constraint);
    RC_ASSERT(again.tag() == each.constraint.tag());
    RC_ASSERT(again.is_known());
    RC_ASSERT(again.event_dim() == each.constraint.event_dim());
    const at::Tensor u = random_tensor(each.shape, at::kDouble);
    RC_ASSERT(transform_to(again)(u).equal(transform_to(each.constraint)(u)));
  }));
}

TEST_CASE("a random transform lands inside its constraint, and its inverse leads back") {
  CHECK(rc::check([] {
    const Sample each = sample(2);
    RC_LOG(each.constraint.tag());
    const Transform transform = transform_to(each.constraint);
    const at::Tensor u = random_tensor(each.shape, at::kDouble);
    const at::Tensor value = transform(u);
    RC_ASSERT(each.constraint.check(value).all().item<bool>());
    RC_ASSERT(close(transform(transform.inv(value)), value, 1e-8));
    if (!each.many_to_one) RC_ASSERT(close(transform.inv(value), u, 1e-6));
    // float32 comes out as float32, unless a bound is a tensor of another dtype, and close to it.
    const at::Tensor single = transform(u.to(at::kFloat));
    RC_ASSERT(close(single, value, 2e-3));
  }));
}

TEST_CASE("a batch is transformed as each of its elements alone is") {
  CHECK(rc::check([] {
    const Sample each = below(2) == 0 ? of_numbers() : of_events();
    const Transform transform = transform_to(each.constraint);
    Shape shape = each.shape;
    shape.insert(shape.begin(), 1 + below(3));
    const at::Tensor u = random_tensor(shape, at::kDouble, 2.0);
    const at::Tensor value = transform(u);
    for (std::int64_t i = 0; i < shape.front(); ++i) RC_ASSERT(close(transform(u[i]), value[i], 1e-12));
    RC_ASSERT(close(transform.inv(value)[0], transform.inv(value[0]), 1e-12));
  }));
}

TEST_CASE("a tag with random damage is an error that points into it, or a constraint that reads back") {
  CHECK(rc::check([] {
    std::string tag = sample(3).constraint.tag();
    static const std::string letters = "()[],.-0129einf_ xfloat32\"'\n\0\xff";
    for (std::int64_t i = 1 + below(3); i > 0 && !tag.empty(); --i) {
      const auto at = static_cast<std::size_t>(below(static_cast<std::int64_t>(tag.size())));
      const char letter = letters[static_cast<std::size_t>(below(static_cast<std::int64_t>(letters.size())))];
      switch (below(3)) {
        case 0:
          tag[at] = letter;
          break;
        case 1:
          tag.insert(at, 1, letter);
          break;
        default:
          tag.erase(at, static_cast<std::size_t>(1 + below(4)));
      }
    }
    try {
      const Constraint constraint = Constraint::parse(tag);
      RC_ASSERT(Constraint::parse(constraint.tag()) == constraint);
    } catch (const paramstore::UnknownConstraint& error) {
      const std::string message = error.what();
      RC_ASSERT(message.find("at column ") != std::string::npos);
      RC_ASSERT(message.find('^') != std::string::npos);
    }
  }));
}
