// Parameters under every constraint: stored unconstrained, handed out constrained, and the same after reopening.
#include <ATen/ATen.h>

#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "store/temporary_store.h"
#include "tests/constraint/examples.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>
#include <sqlite3.h>

namespace {

using paramstore::Constraint;
using paramstore::ParamStore;
using paramstore::testing::transform_examples;
using paramstore::testing::TransformExample;
namespace constraints = paramstore::constraints;

std::vector<std::int64_t> batch_of_two(std::vector<std::int64_t> event) {
  event.insert(event.begin(), 2);
  return event;
}

std::string name_of(std::size_t index, const TransformExample& example) {
  return std::to_string(index) + " " + example.tag;
}

TEST_CASE("a parameter under each constraint is the same after reopening, saving and loading") {
  TemporaryStore file;
  const auto examples = transform_examples();
  std::vector<at::Tensor> values;
  at::manual_seed(7);
  {
    ParamStore store(file.path());
    for (std::size_t i = 0; i < examples.size(); ++i) {
      const auto& example = examples[i];
      CAPTURE(example.tag);
      const Constraint constraint = Constraint::parse(example.tag);
      const at::Tensor value = transform_to(constraint)(at::randn(batch_of_two(example.event), at::kDouble));
      values.push_back(store.setdefault(name_of(i, example), value, constraint).detach().clone());
      CHECK(at::allclose(values.back(), value, 1e-9, 1e-12));
      CHECK(store.unconstrained(name_of(i, example)).sizes().vec() == batch_of_two(example.event));
      CHECK(values.back().sizes().vec() == batch_of_two(example.constrained_event));
    }
  }
  const auto copy = file.path().parent_path() / "copy.params.db";
  {
    ParamStore store(file.path());
    store.save(copy);
    for (std::size_t i = 0; i < examples.size(); ++i) {
      CAPTURE(examples[i].tag);
      CHECK(at::equal(store[name_of(i, examples[i])], values[i]));
      CHECK(store.constraint(name_of(i, examples[i])).tag() == examples[i].tag);
    }
  }
  ParamStore loaded = ParamStore::in_memory();
  loaded.load(copy);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    CAPTURE(examples[i].tag);
    CHECK(at::equal(loaded[name_of(i, examples[i])], values[i]));
  }
}

TEST_CASE("set keeps the leaf if the transform changes the shape, and gradients reach it") {
  ParamStore store = ParamStore::in_memory();
  const at::Tensor identity = at::eye(3);
  const auto param = store.setdefault("correlations", identity, constraints::corr_cholesky);
  CHECK(param.sizes() == at::IntArrayRef{3, 3});
  const at::Tensor leaf = store.unconstrained("correlations");
  CHECK(leaf.sizes() == at::IntArrayRef{3});
  const at::Tensor other = at::linalg_cholesky(at::full({3, 3}, 0.5) + at::eye(3) * 0.5);
  store.set("correlations", other);
  CHECK(store.unconstrained("correlations").is_same(leaf));
  CHECK(at::allclose(store["correlations"], other, 1e-5, 1e-6));
  store["correlations"].select(0, 2).sum().backward();
  REQUIRE(leaf.grad().defined());
  CHECK(leaf.grad().sizes() == leaf.sizes());
  store.set("correlations", at::eye(4));
  CHECK(store["correlations"].sizes() == at::IntArrayRef{4, 4});
}

TEST_CASE("an init of the constrained shape is no mismatch") {
  TemporaryStore file;
  {
    ParamStore store(file.path());
    store.setdefault("correlations", at::eye(3), constraints::corr_cholesky);
  }
  ParamStore store(file.path(), paramstore::StoreOptions().on_mismatch(paramstore::Mismatch::error));
  CHECK_NOTHROW(store.setdefault("correlations", at::eye(3), constraints::corr_cholesky));
  CHECK_THROWS_AS(store.setdefault("correlations", at::eye(4), constraints::corr_cholesky), paramstore::Error);
}

TEST_CASE("a value outside is refused, with the place of the first offender") {
  ParamStore store = ParamStore::in_memory();
  struct Case {
    Constraint constraint;
    at::Tensor value;
    std::vector<std::int64_t> index;
    std::string found;
  };
  const at::Tensor lower = at::eye(2).expand({3, 2, 2}).clone();
  lower[1][0][0] = -1;
  const std::vector<Case> cases{
      {constraints::positive, at::tensor({1.0, 2.0, -3.5}), {2}, "-3.5 at index [2]"},
      {constraints::simplex, at::tensor({0.5, 0.5, 0.5, 0.6}).view({2, 2}), {1}, "the event of shape [2] at index [1]"},
      {constraints::lower_cholesky, lower, {1}, "the event of shape [2, 2] at index [1]"},
      {constraints::corr_matrix, at::ones({2, 2}) * 2, {}, "the event of shape [2, 2] at index []"},
      {constraints::positive_ordered_vector, at::tensor({1.0, 2.0, 2.0, 1.0}).view({2, 2}), {1}, "at index [1]"},
      {constraints::greater_than(at::tensor({0.0, 1.0})), at::tensor({0.5, 0.5}), {1}, "0.5 at index [1]"},
      {constraints::greater_than(at::tensor({0.0, 1.0}).view({2, 1})),
       at::tensor({0.5, 2.0}),
       {1, 0},
       "at index [1, 0]"},
      {constraints::stack({constraints::real, constraints::positive}, 0),
       at::tensor({-1.0, -1.0}),
       {1},
       "-1 at index [1]"},
      {constraints::cat({constraints::simplex, constraints::real}, -1, {2, 1}),
       at::tensor({0.5, 0.6, 1.0}),
       {},
       "the event of shape [3] at index []"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.constraint.tag());
    try {
      store.setdefault("x", each.value, each.constraint);
      FAIL_CHECK("it was taken");
    } catch (const paramstore::ConstraintViolation& error) {
      const std::string message = error.what();
      CAPTURE(message);
      CHECK(error.index() == each.index);
      CHECK(message.find(each.found) != std::string::npos);
      CHECK(message.find(each.constraint.tag()) != std::string::npos);
    }
    CHECK(store.empty());
  }
}

TEST_CASE("a refused event has a reason") {
  ParamStore store = ParamStore::in_memory();
  const auto matrix = [](std::initializer_list<double> elements, std::int64_t rows) {
    return at::tensor(std::vector<double>(elements)).view({rows, -1});
  };
  struct Case {
    Constraint constraint;
    at::Tensor value;
    std::string found;
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Case> cases{
      {constraints::simplex, at::tensor({0.5F, 0.5F, 0.5F, 0.75F}).view({2, 2}),
       "the event of shape [2] at index [1], which sums to 1.25; nothing"},
      {constraints::simplex, matrix({0.5, 0.6, 1.5, -0.5, 0, 1}, 3),
       "the event of shape [2] at index [0], which sums to 1.1, and 1 more; nothing"},
      {constraints::simplex, at::tensor({1.5, -0.5}), "at index [], which has -0.5 at index [1];"},
      {constraints::simplex, at::tensor({1.0, nan}), "at index [], which has nan at index [1];"},
      {constraints::real_vector, at::tensor({1.0, nan}), "at index [], which has nan at index [1];"},
      {constraints::sphere, at::tensor({3.0, 4.0}), "at index [], whose length is 5;"},
      {constraints::ordered_vector, at::tensor({1.0, 3.0, 2.5}),
       "which does not increase from 3 at index [1] to 2.5 at index [2];"},
      {constraints::positive_ordered_vector, at::tensor({-1.0, 1.0}), "which has -1 at index [0];"},
      {constraints::positive_ordered_vector, at::tensor({1.0, 1.0}),
       "which does not increase from 1 at index [0] to 1 at index [1];"},
      {constraints::lower_cholesky, matrix({1, 3, 0, 1}, 2), "which has 3 above the diagonal, at index [0, 1];"},
      {constraints::lower_cholesky, matrix({1, 0, 5, -2}, 2), "which has -2 on the diagonal, at index [1, 1];"},
      {constraints::softplus_lower_cholesky, matrix({0, 0, 5, 1}, 2), "which has 0 on the diagonal, at index [0, 0];"},
      {constraints::unit_lower_cholesky, matrix({1, 0, 5, 2}, 2), "which has 2 on the diagonal, at index [1, 1];"},
      {constraints::corr_cholesky, matrix({1, 0, 3, 4}, 2), "whose row 1 has length 5;"},
      {constraints::positive_definite, matrix({1, 0.5, 0.25, 1}, 2),
       "which is not symmetric: 0.5 at index [0, 1], 0.25 at index [1, 0];"},
      {constraints::positive_definite, matrix({1, 0, 0, -2}, 2), "whose smallest eigenvalue is -2;"},
      {constraints::positive_definite, matrix({1, 2, 3, 4, 5, 6}, 2), "which has 2 rows and 3 columns;"},
      {constraints::positive_semidefinite, matrix({-3, 0, 0, 2}, 2), "whose smallest eigenvalue is -3;"},
      {constraints::corr_matrix, matrix({1, 0, 0, 2}, 2), "which has 2 on the diagonal, at index [1, 1];"},
      {constraints::lower_triangular, matrix({1, 3, 0, 1}, 2), "which has 3 above the diagonal, at index [0, 1];"},
      {constraints::symmetric, matrix({1, 2, 3, 1}, 2),
       "which is not symmetric: 2 at index [0, 1], 3 at index [1, 0];"},
      {constraints::square, matrix({1, 2}, 1), "which has 1 row and 2 columns;"},
      {constraints::one_hot, at::tensor({1.0, 1.0}), "which sums to 2;"},
      {constraints::one_hot, at::tensor({0.5, 0.5}), "which has 0.5 at index [0];"},
      {constraints::multinomial(3.0), at::tensor({2.0, 2.0}), "which sums to 4;"},
      {constraints::independent(constraints::positive, 1), at::tensor({1.0, -3.0}),
       "the event of shape [2] at index [], which has -3 at index [1];"},
      {constraints::independent(constraints::simplex, 1), matrix({0.5, 0.5, 0.5, 0.75}, 2),
       "the event of shape [2, 2] at index [], which has at index [1] an event of shape [2] which sums to 1.25;"},
      {constraints::independent(constraints::cat({constraints::positive, constraints::real}, 0, {1, 1}), 1),
       at::tensor({-1.0, 1.0}),
       "the event of shape [2] at index [], which has -1 at index [0], which is in part 0, the constraint 'positive';"},
      {constraints::cat({constraints::real, constraints::positive}, -1, {1, 2}), at::tensor({-1.0, 1.0, -2.0}),
       "found -2 at index [2], which is in part 1, the constraint 'positive';"},
      {constraints::cat({constraints::real, constraints::positive}, 0, {1, 1}), matrix({-1, 1, 1, -2}, 2),
       "found -2 at index [1, 1], which is in part 1, the constraint 'positive';"},
      {constraints::cat({constraints::real_vector, constraints::simplex}, 0, {1, 1}), matrix({3, 4, 0.5, 0.75}, 2),
       "the event of shape [2] at index [1], which is in part 1, the constraint 'simplex', and which sums to 1.25;"},
      {constraints::cat({constraints::simplex, constraints::positive}, -1, {2, 1}), at::tensor({0.5, 0.75, 1.0}),
       "the event of shape [3] at index [], which has in part 0, the constraint 'simplex', an event of shape [2] which "
       "sums "
       "to 1.25;"},
      {constraints::cat({constraints::simplex, constraints::positive}, -1, {2, 1}),
       matrix({0.5, 0.5, 1, 0.5, 0.5, -3}, 2),
       "the event of shape [3] at index [1], which has -3 at index [2] in part 1, the constraint 'positive';"},
      {constraints::cat({constraints::cat({constraints::real, constraints::positive}, -1, {1, 1}), constraints::real},
                        -1, {2, 1}),
       at::tensor({1.0, -3.0, 1.0}),
       "found -3 at index [1], which is in part 0, the constraint 'cat([real, positive], -1, [1, 1])', and which is in "
       "part "
       "1, the constraint 'positive';"},
      {constraints::stack({constraints::real, constraints::interval(0, 1)}, 0), matrix({5, 5, 0.5, 2}, 2),
       "found 2 at index [1, 1], which is in part 1, the constraint 'interval(0.0, 1.0)';"},
      {constraints::stack({constraints::real_vector, constraints::simplex}, -2), matrix({5, 5, 0.5, 0.75}, 2),
       "the event of shape [2] at index [1], which is in part 1, the constraint 'simplex', and which sums to 1.25;"},
      {constraints::stack({constraints::real_vector, constraints::simplex}, -1), matrix({5, 0.5, 5, 0.75}, 2),
       "the event of shape [2, 2] at index [], which has in part 1, the constraint 'simplex', an event of shape [2] "
       "which "
       "sums to 1.25;"},
      {constraints::stack({constraints::positive, constraints::real}, -1), matrix({1, 2, -3, 4}, 2),
       "found -3 at index [1, 0], which is in part 0, the constraint 'positive';"},
      {constraints::stack({constraints::lower_cholesky, constraints::positive}, -3),
       at::tensor(std::vector<double>{1, 0, 5, 1, 1, 1, 1, -1}).view({2, 2, 2}),
       "the event of shape [2, 2] at index [1], which has -1 at index [1, 1] in part 1, the constraint 'positive';"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.constraint.tag());
    try {
      store.setdefault("x", each.value, each.constraint);
      FAIL_CHECK("it was taken");
    } catch (const paramstore::ConstraintViolation& error) {
      const std::string message = error.what();
      CAPTURE(message);
      CHECK(message.find(each.found) != std::string::npos);
    }
  }
}

TEST_CASE("a constraint without a transform is kept as a tag; asking for the value says why there is none") {
  TemporaryStore file;
  {
    ParamStore store(file.path());
    store.setdefault("weight", at::ones({2}));
    for (const auto& constraint : {constraints::boolean, constraints::one_hot, constraints::symmetric,
                                   constraints::independent(constraints::integer, 1)}) {
      CAPTURE(constraint.tag());
      CHECK_THROWS_AS(store.setdefault("flag", at::eye(2), constraint), paramstore::Error);
    }
    CHECK(store.size() == 1);
  }
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(file.path().c_str(), &handle) == SQLITE_OK);
  CHECK(sqlite3_exec(handle, "UPDATE params SET constraint_tag = 'boolean'", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(handle);
  ParamStore store(file.path());
  CHECK(store.contains("weight"));
  CHECK(store.constraint("weight") == constraints::boolean);
  CHECK(store.constraint("weight").check(store.unconstrained("weight")).all().item<bool>());
  try {
    store["weight"];
    FAIL_CHECK("it has a value");
  } catch (const paramstore::UnknownConstraint& error) {
    const std::string message = error.what();
    CAPTURE(message);
    CHECK(message.find("'boolean' has no transform") != std::string::npos);
    CHECK(message.find("isolated points") != std::string::npos);
  }
}

}  // namespace
