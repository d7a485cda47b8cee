// Transforms: properties that hold for all of them. Their numbers are compared with PyTorch's in conformance_test.cpp.
#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_neg_view.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "paramstore/constraint.h"
#include "paramstore/error.h"
#include "paramstore/transform.h"
#include "tests/constraint/examples.h"
#include "tests/constraint/tensors.h"

#include <doctest/doctest.h>  // last: the glog that Debian's LibTorch includes has a CHECK of its own

using paramstore::Constraint;
using paramstore::Transform;
using paramstore::testing::Forgets;
using paramstore::testing::Linear;
using paramstore::testing::scalar;
using paramstore::testing::tensor;
using paramstore::testing::transform_examples;
using paramstore::testing::TransformExample;
using paramstore::testing::values_of;
namespace constraints = paramstore::constraints;

namespace {

using Shape = std::vector<std::int64_t>;

// Standard normal numbers, the same in every run.
at::Tensor normal(const Shape& shape, at::ScalarType dtype = at::kDouble) {
  static std::mt19937 random(3);
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    count *= size;
  }
  std::vector<double> values(static_cast<std::size_t>(count));
  for (double& value : values) {
    value = std::normal_distribution<double>()(random);
  }
  return tensor(values, shape, dtype);
}

Shape operator+(Shape batch, const Shape& event) {
  batch.insert(batch.end(), event.begin(), event.end());
  return batch;
}

// What the inverse gives back of u.
at::Tensor remembered(const at::Tensor& u, Forgets forgets) {
  switch (forgets) {
    case Forgets::nothing:
      break;
    case Forgets::shift:
      return u.sub(u.logsumexp({-1}, true));
    case Forgets::length:
      return u.div(u.mul(u).sum(-1, true).sqrt());
    case Forgets::upper_triangle:
      return u.tril();
    case Forgets::upper_triangle_and_diagonal:
      return u.tril(-1).add(at::eye(u.size(-1), u.options()));
  }
  return u;
}

// Whether the inverse is by a Cholesky decomposition, which reads the lower triangle alone, while LibTorch gives half its
// gradient to the upper one.
bool decomposes(const TransformExample& example) {
  return example.tag.find("definite") != std::string::npos || example.tag == "corr_matrix";
}

bool close(const at::Tensor& a, const at::Tensor& b, double relative = 1e-12) {
  return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() && a.allclose(b, relative, relative);
}

// Central differences of the sum of products with `cotangent`, one element at a time.
at::Tensor numerical_gradient(const std::function<at::Tensor(const at::Tensor&)>& map, const at::Tensor& at_point,
                              const at::Tensor& cotangent) {
  constexpr double step = 1e-6;
  std::vector<double> gradient;
  for (std::int64_t i = 0; i < at_point.numel(); ++i) {
    const auto moved = [&](double by) {
      at::Tensor point = at_point.clone();
      point.view(-1)[i].add_(by);
      return map(point).mul(cotangent).sum().item<double>();
    };
    gradient.push_back((moved(step) - moved(-step)) / (2 * step));
  }
  return tensor(gradient, at_point.sizes().vec());
}

at::Tensor autograd_gradient(const std::function<at::Tensor(const at::Tensor&)>& map, const at::Tensor& at_point,
                             const at::Tensor& cotangent) {
  const at::Tensor leaf = at_point.clone().set_requires_grad(true);
  map(leaf).mul(cotangent).sum().backward();
  return leaf.grad();
}

}  // namespace

TEST_CASE("what comes out of a transform passes the constraint's check") {
  for (const TransformExample& example : transform_examples()) {
    CAPTURE(example.tag);
    const Constraint constraint = Constraint::parse(example.tag);
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
      for (const double scale : {1.0, 30.0}) {
        const at::Tensor value = transform_to(constraint)(normal(Shape{50} + example.event, dtype).mul(scale));
        CHECK(value.sizes().vec() == Shape{50} + example.constrained_event);
        // These two say another event_dim than their checks take together, as in the original.
        const bool unlike = example.tag == "positive_ordered_vector" || example.tag.find("stack(") != std::string::npos;
        CHECK((unlike || constraint.check(value).dim() == value.dim() - constraint.event_dim()));
        // Where a value is rounded onto an open bound, or a matrix to one without a factor, the original says no as
        // well.
        bool rounds_off = false;
        for (const char* name : {"greater_than(", "less_than", "ordered", "definite", "corr_matrix"}) {
          rounds_off = rounds_off || (scale > 1 && example.tag.find(name) != std::string::npos);
        }
        CHECK((rounds_off || constraint.check(value).all().item<bool>()));
      }
    }
  }
}

TEST_CASE("the inverse of a constrained value transforms to that value again") {
  for (const TransformExample& example : transform_examples()) {
    CAPTURE(example.tag);
    const Transform transform = transform_to(Constraint::parse(example.tag));
    const at::Tensor u = normal(Shape{20} + example.event);
    const at::Tensor value = transform(u);
    CHECK(close(transform(transform.inv(value)), value, 1e-10));
    CHECK(close(transform.inv(value), remembered(u, example.forgets), 1e-9));
  }
}

TEST_CASE("gradients of both directions agree with finite differences") {
  for (const TransformExample& example : transform_examples()) {
    CAPTURE(example.tag);
    const Transform transform = transform_to(Constraint::parse(example.tag));
    const at::Tensor u = normal(Shape{2} + example.event);
    const at::Tensor value = transform(u);
    const auto forward = [&](const at::Tensor& x) { return transform(x); };
    const auto inverse = [&](const at::Tensor& y) { return transform.inv(y); };
    const at::Tensor of_value = normal(value.sizes().vec());
    CHECK(close(autograd_gradient(forward, u, of_value), numerical_gradient(forward, u, of_value), 1e-6));
    const at::Tensor of_u = normal(u.sizes().vec());
    at::Tensor expected = numerical_gradient(inverse, value, of_u);
    if (decomposes(example)) {
      expected = expected.add(expected.mT()).div(2);
    }
    CHECK(close(autograd_gradient(inverse, value, of_u), expected, 1e-6));
  }
}

// The gradient's own gradient, along a direction, beside differences of the gradient.
TEST_CASE("transforms can be differentiated twice") {
  for (const TransformExample& example : transform_examples()) {
    const Transform transform = transform_to(Constraint::parse(example.tag));
    if (transform.is_identity()) {
      continue;
    }
    CAPTURE(example.tag);
    const at::Tensor point = normal(Shape{2} + example.event);
    for (const bool inverse : {false, true}) {
      CAPTURE(inverse);
      const at::Tensor at_point = inverse ? transform(point) : point;
      const auto map = [&](const at::Tensor& x) { return inverse ? transform.inv(x) : transform(x); };
      const at::Tensor cotangent = normal(map(at_point).sizes().vec());
      at::Tensor direction = normal(at_point.sizes().vec());
      if (inverse && decomposes(example)) {
        direction = direction.add(direction.mT());
      }
      const at::Tensor leaf = at_point.clone().set_requires_grad(true);
      const at::Tensor once = torch::autograd::grad({map(leaf)}, {leaf}, {cotangent}, true, true)[0];
      const bool is_linear = example.linear == Linear::both || (inverse && example.linear == Linear::inverse);
      CHECK(once.requires_grad() != is_linear);
      if (!once.requires_grad()) {
        continue;
      }
      const at::Tensor twice = torch::autograd::grad({once}, {leaf}, {direction}, true, false, true)[0];
      constexpr double step = 1e-6;
      const auto along = [&](double by) { return autograd_gradient(map, at_point.add(direction.mul(by)), cotangent); };
      const at::Tensor expected = along(step).sub(along(-step)).div(2 * step);
      CHECK(close(twice.defined() ? twice : at::zeros_like(leaf), expected, 1e-5));
    }
  }
}

TEST_CASE("values are the same with gradient and without") {
  for (const TransformExample& example : transform_examples()) {
    CAPTURE(example.tag);
    const Transform transform = transform_to(Constraint::parse(example.tag));
    for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
      const at::Tensor u = normal(Shape{7} + example.event, dtype).mul(5).set_requires_grad(true);
      const at::Tensor with = transform(u);
      CHECK(with.requires_grad());
      const at::NoGradGuard no_grad;
      const at::Tensor without = transform(u);
      CHECK((without.is_same(u) || !without.requires_grad()));
      CHECK(with.equal(without));
    }
  }
}

TEST_CASE("batches, views and strides change nothing") {
  for (const TransformExample& example : transform_examples()) {
    CAPTURE(example.tag);
    const Constraint constraint = Constraint::parse(example.tag);
    const Transform transform = transform_to(constraint);
    const at::Tensor u = normal(Shape{4, 3} + example.event);
    const at::Tensor value = transform(u);
    for (std::int64_t i = 0; i < 4; ++i) {
      CHECK(close(transform(u[i]), value[i]));
      CHECK(transform(u[i][1]).sizes() == value[i][1].sizes());
    }

    // Every other element of a larger tensor, the batch dimensions swapped, and the last dimension reversed in memory.
    at::Tensor larger = at::empty((Shape{4, 3} + example.event) + Shape{2}, u.options());
    larger.select(-1, 1).copy_(u);
    const at::Tensor strided = larger.select(-1, 1);
    const at::Tensor swapped = u.transpose(0, 1).contiguous().transpose(0, 1);
    const at::Tensor column_major = u.transpose(-1, 0).contiguous().transpose(-1, 0);
    for (const at::Tensor& view : {strided, swapped, column_major}) {
      CHECK_FALSE(view.is_contiguous());
      CHECK(close(transform(view), value));
    }
    const at::Tensor value_view = value.transpose(-1, 0).contiguous().transpose(-1, 0);
    CHECK(close(transform.inv(value_view), transform.inv(value)));
    CHECK(constraint.check(value_view).equal(constraint.check(value)));
    CHECK(close(transform(u[0].unsqueeze(0).expand(u.sizes())), value[0].unsqueeze(0).expand(value.sizes())));
  }
}

TEST_CASE("tensors with the negative bit are handled correctly, as values and as gradients") {
  for (const TransformExample& example : transform_examples()) {
    CAPTURE(example.tag);
    const Transform transform = transform_to(Constraint::parse(example.tag));
    const at::Tensor u = normal(Shape{3} + example.event);
    const at::Tensor value = transform(u);
    CHECK(close(transform(at::_neg_view(u.neg())), value));
    CHECK(close(transform.inv(at::_neg_view(value.neg())), transform.inv(value)));
    const auto gradients = [&](const at::Tensor& cotangent, const at::Tensor& point, bool inverse) {
      const at::Tensor leaf = point.clone().set_requires_grad(true);
      (inverse ? transform.inv(leaf) : transform(leaf)).backward(cotangent);
      return leaf.grad().resolve_neg();
    };
    const at::Tensor of_value = normal(value.sizes().vec());
    CHECK(close(gradients(at::_neg_view(of_value.neg()), u, false), gradients(of_value, u, false)));
    const at::Tensor of_u = normal(u.sizes().vec());
    CHECK(close(gradients(at::_neg_view(of_u.neg()), value, true), gradients(of_u, value, true)));
  }
}

TEST_CASE("the width between whole numbers and integers is an integer") {
  const Constraint constraint = constraints::interval(tensor({0, 1}, at::kLong), 16777219);  // 2^24 + 3
  const at::Tensor middle = transform_to(constraint)(tensor({0, 0}));
  CHECK(values_of(middle) == std::vector<double>{8388609.5, 8388610});
}

TEST_CASE("tensors without elements are accepted") {
  for (const TransformExample& example : transform_examples()) {
    CAPTURE(example.tag);
    const Constraint constraint = Constraint::parse(example.tag);
    const Transform transform = transform_to(constraint);
    for (const Shape& batch : {Shape{0}, Shape{2, 0}, Shape{0, 3}}) {
      const at::Tensor u = normal(batch + example.event);
      const at::Tensor value = transform(u);
      CHECK(value.sizes().vec() == batch + example.constrained_event);
      CHECK(transform.inv(value).sizes() == u.sizes());
      CHECK(constraint.check(value).numel() == 0);
      const auto forward = [&](const at::Tensor& x) { return transform(x); };
      CHECK(autograd_gradient(forward, u, normal(value.sizes().vec())).sizes() == u.sizes());
    }
  }
  const at::Tensor no_matrix = normal({2, 0, 0});
  CHECK(transform_to(constraints::lower_cholesky)(no_matrix).sizes() == no_matrix.sizes());
  CHECK(constraints::lower_cholesky.check(no_matrix).all().item<bool>());
}

TEST_CASE("the transform of real returns its argument itself, through independent too") {
  const at::Tensor u = normal({2, 3});
  for (const char* tag : {"real", "independent(real, 1)", "independent(independent(real, 1), 1)"}) {
    CAPTURE(tag);
    const Transform transform = transform_to(Constraint::parse(tag));
    CHECK(transform.is_identity());
    CHECK(transform(u).is_same(u));
    CHECK(transform.inv(u).is_same(u));
  }
  for (const char* tag : {"positive", "interval(0.0, 1.0)", "independent(positive, 1)"}) {
    CHECK_FALSE(transform_to(Constraint::parse(tag)).is_identity());
  }
}

TEST_CASE("a transform outlives its constraint, and its copies are equal to it") {
  Transform transform = transform_to(constraints::real);
  {
    const Constraint passing = constraints::interval(tensor({0, 1}), 3);
    transform = transform_to(passing);
  }
  const Transform copy = transform;
  const at::Tensor u = normal({2});
  CHECK(copy(u).equal(transform(u)));
}

TEST_CASE("a tensor that does not fit is refused with the constraint and the shape in the message") {
  const auto message = [](const std::function<void()>& act) -> std::string {
    try {
      act();
    } catch (const paramstore::Error& error) {
      return error.what();
    }
    return "no error";
  };
  const auto contains = [](const std::string& text, const std::string& piece) {
    return text.find(piece) != std::string::npos;
  };
  const at::Tensor vector = normal({3}, at::kFloat);
  const std::string few = message([&] { transform_to(constraints::lower_cholesky)(vector); });
  CHECK(
      contains(few, "'lower_cholesky' takes tensors of at least 2 dimensions, but got a float32 tensor of shape [3]"));
  CHECK(contains(message([&] { transform_to(constraints::simplex)(scalar(1)); }), "at least 1 dimension"));
  CHECK(contains(message([&] { transform_to(constraints::independent(constraints::real, 2)).inv(vector); }),
                 "'independent(real, 2)' takes tensors of at least 2 dimensions"));
  for (const Shape& shape : {Shape{2, 3}, Shape{3, 1}, Shape{4, 1, 3}}) {
    CHECK(contains(message([&] { transform_to(constraints::lower_cholesky)(normal(shape)); }), "square matrices"));
    CHECK(contains(message([&] { transform_to(constraints::lower_cholesky).inv(normal(shape)); }), "square matrices"));
  }
  const Constraint three = constraints::greater_than(tensor({1, 2, 3}));
  CHECK(contains(message([&] { transform_to(three)(normal({4})); }), "'greater_than(float64[1.0,2.0,3.0])' failed on"));
  CHECK(contains(message([&] { three.check(normal({4})); }), "cannot check a float64 tensor of shape [4]"));
  CHECK(contains(message([&] { constraints::simplex.check(scalar(1)); }), "'simplex' has at least 1 dimension"));
  CHECK_THROWS_AS(transform_to(constraints::positive)(at::Tensor()), paramstore::UnsupportedTensor);
  CHECK_THROWS_AS(transform_to(constraints::positive).inv(at::Tensor()), paramstore::UnsupportedTensor);
  CHECK_THROWS_AS(constraints::positive.check(at::Tensor()), paramstore::UnsupportedTensor);
}

TEST_CASE("the half dtypes give their own dtype, or an error that says what LibTorch cannot do") {
  for (const TransformExample& example : transform_examples()) {
    const bool other_dtype = example.tag.find("float64") != std::string::npos;  // the bound decides
    for (const at::ScalarType dtype : {at::kHalf, at::kBFloat16}) {
      CAPTURE(example.tag);
      const at::Tensor u = normal(Shape{5} + example.event, dtype);
      try {
        const Transform transform = transform_to(Constraint::parse(example.tag));
        const at::Tensor value = transform(u);
        const bool kept = value.scalar_type() == dtype;
        CHECK((kept || other_dtype));
        CHECK(value.sizes().vec() == Shape{5} + example.constrained_event);
        const at::Tensor wide = transform(u.to(at::kFloat));
        CHECK(value.to(at::kFloat).allclose(wide.to(at::kFloat), 0.05, 0.05));
      } catch (const paramstore::UnsupportedTensor& error) {
        CHECK(std::string(error.what()).find(dtype == at::kHalf ? "float16" : "bfloat16") != std::string::npos);
        CHECK(std::string(error.what()).find(example.tag) != std::string::npos);
      }
    }
  }
}

TEST_CASE("saturated values stay inside the open interval of their dtype") {
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
    const std::vector<double> values =
        values_of(transform_to(constraints::unit_interval)(tensor({-1e4, -1e30, 1e4, 1e30}, dtype)));
    const double eps = dtype == at::kFloat ? std::ldexp(1.0, -23) : std::ldexp(1.0, -52);
    const double tiny = dtype == at::kFloat ? std::ldexp(1.0, -126) : std::ldexp(1.0, -1022);
    CHECK(values == std::vector<double>{tiny, tiny, 1 - eps, 1 - eps});
  }
}

TEST_CASE("a constraint made in inference mode can be trained with") {
  const auto make = [] {
    const c10::InferenceMode guard;
    return std::vector<Constraint>{Constraint::parse("interval(float64[0.0,1.0], float64[2.0,3.0])"),
                                   constraints::interval(tensor({0, 1}), tensor({2, 3}))};
  };
  for (const Constraint& constraint : make()) {
    const Transform transform = transform_to(constraint);
    const auto forward = [&](const at::Tensor& x) { return transform(x); };
    CHECK_NOTHROW(autograd_gradient(forward, normal({2}), tensor({1, 1})));
  }
}
