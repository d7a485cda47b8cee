// Parameters that are made while an optimizer exists. Pyro's optimizers meet them in their first step; here add_new_to
// gives them to any optimizer of LibTorch.
#include <doctest/doctest.h>
#include <torch/nn.h>
#include <torch/optim.h>

#include <string>
#include <vector>

#include "conformance/collect.h"
#include "paramstore/error.h"
#include "paramstore/param_store.h"

using paramstore::ParamStore;
namespace constraints = paramstore::constraints;
namespace optim = torch::optim;

namespace {

/// Two steps, over a store that has the parameter "a" when the optimizer is made, and gets "b" after the first.
template <class Optimizer, class Options>
void train(const Options& options) {
  auto store = ParamStore::in_memory();
  store.setdefault("a", torch::ones({2}));
  Optimizer optimizer(store.parameters(), options);
  const auto step = [&] {
    optimizer.zero_grad();
    torch::Tensor loss = torch::zeros({});
    for (const auto& [name, value] : store.items()) loss = loss + (value - 3).square().sum();
    loss.backward();
    optimizer.step();
  };
  CHECK(store.add_new_to(optimizer).empty());
  step();
  store.setdefault("b", torch::ones({2}), constraints::positive);
  const auto before = store.unconstrained("b").detach().clone();
  step();
  CHECK(torch::equal(store.unconstrained("b"), before));
  const auto a = store.unconstrained("a").detach().clone();
  CHECK(store.add_new_to(optimizer) == Names{"b"});
  CHECK(store.add_new_to(optimizer).empty());
  step();
  CHECK_FALSE(torch::equal(store.unconstrained("b"), before));
  CHECK_FALSE(torch::equal(store.unconstrained("a"), a));
  step();
}

}  // namespace

TEST_SUITE("optimizers") {
  TEST_CASE("a new parameter is moved by an optimizer that exists already, of every kind") {
    SUBCASE("Adam") { train<optim::Adam>(optim::AdamOptions(0.1)); }
    SUBCASE("AdamW") { train<optim::AdamW>(optim::AdamWOptions(0.1)); }
    SUBCASE("SGD") { train<optim::SGD>(optim::SGDOptions(0.1).momentum(0.9)); }
    SUBCASE("RMSprop") { train<optim::RMSprop>(optim::RMSpropOptions(0.1).momentum(0.5)); }
    SUBCASE("Adagrad, whose constructor makes the state") {
      train<optim::Adagrad>(optim::AdagradOptions(0.1).initial_accumulator_value(0.1));
    }
  }

  TEST_CASE("an LBFGS gets new parameters before its first step only") {
    auto store = ParamStore::in_memory();
    store.setdefault("a", torch::ones({2}));
    optim::LBFGS optimizer(store.parameters(), optim::LBFGSOptions(0.1));
    store.setdefault("b", torch::ones({2}));
    CHECK(store.add_new_to(optimizer) == Names{"b"});
    optimizer.step([&] {
      optimizer.zero_grad();
      const torch::Tensor loss = (store["a"] - 3).square().sum() + (store["b"] - 3).square().sum();
      loss.backward();
      return loss;
    });
    CHECK_FALSE(torch::equal(store["b"], torch::ones({2})));
    CHECK(store.add_new_to(optimizer).empty());
    store.setdefault("c", torch::ones({2}));
    CHECK_THROWS_WITH_AS(store.add_new_to(optimizer), doctest::Contains("'c'"), paramstore::Error);
    CHECK(optimizer.param_groups()[0].params().size() == 2);
  }

  TEST_CASE("the last group gets them, or the group with the given number") {
    auto store = ParamStore::in_memory();
    store.setdefault("a", torch::ones({2}));
    optim::SGD optimizer(store.parameters(), optim::SGDOptions(0.1));
    optimizer.add_param_group(optim::OptimizerParamGroup({torch::ones({2}).requires_grad_()}));
    store.setdefault("b", torch::ones({2}));
    store.setdefault("c", torch::ones({2}));
    CHECK_THROWS_WITH_AS(store.add_new_to(optimizer, 2), doctest::Contains("2 parameter groups"), paramstore::Error);
    CHECK(store.add_new_to(optimizer, 0) == Names{"b", "c"});
    CHECK(optimizer.param_groups()[0].params().size() == 3);
    CHECK(optimizer.param_groups()[0].params()[1].is_same(store.unconstrained("b")));
    store.setdefault("d", torch::ones({2}));
    CHECK(store.add_new_to(optimizer) == Names{"d"});
    CHECK(optimizer.param_groups()[1].params()[1].is_same(store.unconstrained("d")));
  }

  TEST_CASE("a leaf that replaced another is new; of a scope, only its own parameters are added") {
    auto store = ParamStore::in_memory();
    store.setdefault("a", torch::ones({2}));
    optim::SGD optimizer(store.parameters(), optim::SGDOptions(0.1));
    store.set("a", torch::zeros({2}));  // the same leaf
    CHECK(store.add_new_to(optimizer).empty());
    store.set("a", torch::zeros({3}));
    CHECK(store.add_new_to(optimizer) == Names{"a"});
    {
      auto guard = store.scope("fold");
      store.setdefault("x", torch::ones({2}));
      CHECK(store.add_new_to(optimizer) == Names{"x"});
    }
    CHECK(store.add_new_to(optimizer).empty());
  }

  TEST_CASE("two parameters with one leaf are added once") {
    auto store = ParamStore::in_memory();
    const auto shared = torch::ones({2}).requires_grad_();
    struct Holder : torch::nn::Module {
      explicit Holder(const torch::Tensor& tensor) { register_parameter("w", tensor); }
    } holder(shared);
    optim::SGD optimizer(std::vector<torch::Tensor>{torch::ones({1}).requires_grad_()}, optim::SGDOptions(0.1));
    store.module("one", holder);
    store.module("two", holder);
    CHECK(store.add_new_to(optimizer) == Names{"one$$$w"});
    CHECK(optimizer.param_groups()[0].params().size() == 2);
  }
}
