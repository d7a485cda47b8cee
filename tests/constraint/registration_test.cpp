// A user's own constraints. Names stay registered as long as the process lives, so each case takes names of its own.
#include <ATen/core/Tensor.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "paramstore/constraint.h"
#include "paramstore/error.h"
#include "paramstore/transform.h"
#include "tests/constraint/tensors.h"

#include <doctest/doctest.h>  // last: the glog that Debian's LibTorch includes has a CHECK of its own

using paramstore::Constraint;
using paramstore::ConstraintDefinition;
using paramstore::register_constraint;
using paramstore::testing::scalar;
using paramstore::testing::tensor;
using paramstore::testing::values_of;
namespace constraints = paramstore::constraints;

namespace {

// x > 2 by squaring: its own formula, so that no built-in can be mistaken for it.
ConstraintDefinition above_two() {
  ConstraintDefinition definition;
  definition.check = [](const at::Tensor& value) { return value.gt(2); };
  definition.forward = [](const at::Tensor& u) { return u.mul(u).add(2); };
  definition.inverse = [](const at::Tensor& y) { return y.sub(2).sqrt(); };
  return definition;
}

std::string refusal(std::string_view name, ConstraintDefinition definition) {
  try {
    register_constraint(name, std::move(definition));
  } catch (const paramstore::Error& error) {
    return error.what();
  }
  return "no error";
}

bool contains(const std::string& text, const std::string& piece) { return text.find(piece) != std::string::npos; }

}  // namespace

TEST_CASE("a registered constraint is one like any other") {
  const Constraint constraint = register_constraint("above_two", above_two());
  CHECK(constraint.tag() == "above_two");
  CHECK(constraint.is_known());
  CHECK(constraint.event_dim() == 0);
  CHECK_FALSE(constraint.is_discrete());
  CHECK(Constraint::parse("above_two") == constraint);
  CHECK(values_of(constraint.check(tensor({1, 2, 3}))) == std::vector<double>{0, 0, 1});
  CHECK(values_of(transform_to(constraint)(tensor({1, 3}))) == std::vector<double>{3, 11});
  CHECK(values_of(transform_to(constraint).inv(tensor({3, 11}))) == std::vector<double>{1, 3});

  const Constraint nested = Constraint::parse("independent(above_two, 1)");
  CHECK(nested == constraints::independent(constraint, 1));
  CHECK(nested.event_dim() == 1);
  CHECK(values_of(nested.check(tensor({3, 4, 3, 1}, {2, 2}))) == std::vector<double>{1, 0});
  CHECK(values_of(transform_to(nested)(tensor({1, 3}))) == std::vector<double>{3, 11});

  const at::Tensor leaf = tensor({1, 3}).set_requires_grad(true);
  transform_to(nested)(leaf).sum().backward();
  CHECK(values_of(leaf.grad()) == std::vector<double>{2, 6});
}

TEST_CASE("a registered transform may change the shape of an event") {
  const auto original = transform_to(constraints::corr_cholesky);
  ConstraintDefinition definition;
  definition.event_dim = 2;
  definition.unconstrained_event_dim = 1;
  definition.check = [](const at::Tensor& value) { return constraints::corr_cholesky.check(value); };
  definition.forward = [original](const at::Tensor& u) { return original(u); };
  definition.inverse = [original](const at::Tensor& y) { return original.inv(y); };
  const Constraint constraint = register_constraint("matrix_of_a_vector", definition);
  const at::Tensor u = tensor({0.1, 0.2, 0.3});
  const at::Tensor value = transform_to(constraint)(u);
  CHECK(value.equal(original(u)));
  CHECK(transform_to(constraint).inv(value).sizes() == u.sizes());
  CHECK_THROWS_AS(transform_to(constraint).inv(u), paramstore::Error);
  CHECK_THROWS_AS(transform_to(constraint)(scalar(1)), paramstore::Error);
  CHECK(transform_to(constraints::independent(constraint, 1))(tensor({0.1, 0.2, 0.3}, {1, 3})).dim() == 3);
}

TEST_CASE("a constraint parsed before its name was registered works from then on") {
  const Constraint before = Constraint::parse("registered_late");
  const Constraint nested = Constraint::parse("independent(registered_late,1)");
  const Constraint built = constraints::independent(before, 1);
  const Constraint with_arguments = Constraint::parse("registered_late(1.0)");
  CHECK_FALSE(before.is_known());
  CHECK_FALSE(nested.is_known());
  CHECK_FALSE(built.is_known());

  register_constraint("registered_late", above_two());
  CHECK(before.is_known());
  CHECK(nested.is_known());
  CHECK(built.is_known());
  CHECK(built.event_dim() == 1);
  CHECK(values_of(before.check(tensor({1, 3}))) == std::vector<double>{0, 1});
  CHECK(values_of(transform_to(nested)(tensor({1, 3}))) == std::vector<double>{3, 11});
  CHECK(nested.tag() == "independent(registered_late,1)");  // the text it was stored with
  CHECK(constraints::independent(nested, 1).tag() == "independent(independent(registered_late, 1), 1)");

  CHECK_FALSE(with_arguments.is_known());  // a registered constraint takes none
  CHECK_THROWS_AS(Constraint::parse("registered_late(1.0)"), paramstore::UnknownConstraint);
}

TEST_CASE("without forward and inverse a constraint is checked, and its transform says why there is none") {
  ConstraintDefinition definition = above_two();
  definition.forward = nullptr;
  definition.inverse = nullptr;
  definition.is_discrete = true;
  definition.event_dim = 1;
  const Constraint constraint = register_constraint("only_checked", definition);
  CHECK(constraint.is_discrete());
  CHECK(constraint.event_dim() == 1);
  CHECK_THROWS_AS(constraint.check(scalar(3)), paramstore::Error);
  for (const Constraint& asked : {constraint, constraints::independent(constraint, 1)}) {
    try {
      transform_to(asked);
      FAIL("a transform of " << asked.tag());
    } catch (const paramstore::UnknownConstraint& error) {
      CHECK(error.tag() == asked.tag());
      CHECK(contains(error.what(), "'" + asked.tag() + "' has no transform"));
      CHECK(contains(error.what(), "registered without forward and inverse"));
    }
  }
  CHECK(constraints::independent(constraint, 1).is_discrete());
}

TEST_CASE("an invalid registration is refused, and leaves the name as it was") {
  for (const char* name : {"", "1up", "with space", "a-b", "caf\xc3\xa9", "a(1)", "inf", "nan", "float32", "int8"}) {
    CAPTURE(name);
    CHECK(contains(refusal(name, above_two()), "a name is a letter or underscore"));
  }
  for (const char* name : {"real", "positive", "interval", "independent", "lower_cholesky"}) {
    CAPTURE(name);
    CHECK(contains(refusal(name, above_two()), "paramstore has one of that name"));
  }
  ConstraintDefinition definition = above_two();
  definition.check = nullptr;
  CHECK(contains(refusal("refused", definition), "no check"));
  definition = above_two();
  definition.inverse = nullptr;
  CHECK(contains(refusal("refused", definition), "forward but no inverse"));
  definition = above_two();
  definition.forward = nullptr;
  CHECK(contains(refusal("refused", definition), "inverse but no forward"));
  definition = above_two();
  definition.event_dim = -1;
  CHECK(contains(refusal("refused", definition), "event_dim is -1"));
  definition = above_two();
  definition.unconstrained_event_dim = -1;
  CHECK(contains(refusal("refused", definition), "unconstrained_event_dim is -1"));
  CHECK_FALSE(Constraint::parse("refused").is_known());

  CHECK(refusal("taken", above_two()) == "no error");
  CHECK(contains(refusal("taken", above_two()), "registered already"));
}

TEST_CASE("threads register and use constraints at once") {
  const Constraint shared = Constraint::parse("independent(threads_shared, 1)");
  constexpr int count = 8;
  std::atomic<int> winners{0};
  std::atomic<int> resolved{0};
  std::atomic<bool> start{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      while (!start) {
        std::this_thread::yield();
      }
      for (int k = 0; k < 50; ++k) {
        const std::string name = "threads_" + std::to_string(i) + "_" + std::to_string(k);
        const Constraint early = Constraint::parse(name);
        register_constraint(name, above_two());
        if (early.is_known() && Constraint::parse("independent(" + name + ", 1)").is_known()) {
          ++resolved;
        }
        if (k == 25) {
          winners += refusal("threads_shared", above_two()) == "no error" ? 1 : 0;
        }
        if (shared.is_known()) {
          resolved += shared.event_dim() == 1 ? 0 : 1000;
          transform_to(shared)(tensor({1.0}));
        }
      }
    });
  }
  start = true;
  for (std::thread& thread : threads) {
    thread.join();
  }
  CHECK(winners == 1);
  CHECK(resolved == count * 50);
  CHECK(shared.is_known());
}
