// Modules: their parameters as the store's, saved, loaded and trained.
#include <doctest/doctest.h>
#include <torch/nn.h>
#include <torch/optim.h>
#include <torch/serialize.h>

#include <memory>
#include <string>
#include <vector>

#include "conformance/collect.h"
#include "paramstore/error.h"
#include "paramstore/param_name.h"
#include "paramstore/param_store.h"
#include "store/warnings.h"

using paramstore::ParamStore;
namespace constraints = paramstore::constraints;
namespace nn = torch::nn;

namespace {

struct Leaf : nn::Module {
  Leaf() {
    linear = register_module("linear", nn::Linear(2, 2));
    act = register_module("act", nn::ReLU());
  }
  nn::Linear linear{nullptr};
  nn::ReLU act{nullptr};
};

struct Branch : nn::Module {
  Branch() {
    leaf = register_module("leaf", std::make_shared<Leaf>());
    linear = register_module("linear", nn::Linear(2, 3));
  }
  std::shared_ptr<Leaf> leaf;
  nn::Linear linear{nullptr};
};

struct Tree : nn::Module {
  Tree() {
    branch = register_module("branch", std::make_shared<Branch>());
    linear = register_module("linear", nn::Linear(3, 2));
    own = register_parameter("own", torch::ones({2}));
    frozen = register_parameter("frozen", torch::ones({2}), /*requires_grad=*/false);
    register_buffer("mean", torch::zeros({2}));
  }
  std::shared_ptr<Branch> branch;
  nn::Linear linear{nullptr};
  torch::Tensor own, frozen;
};

/// Two names for one tensor, as a language model has whose last layer is its embedding.
struct Tied : nn::Module {
  Tied() {
    embedding = register_parameter("embedding", torch::randn({3, 3}));
    output = register_parameter("output", embedding);
  }
  torch::Tensor embedding, output;
};

bool same_values(nn::Module& a, nn::Module& b) {
  for (const auto& item : a.named_parameters()) {
    if (!torch::equal(item.value(), b.named_parameters()[item.key()])) return false;
  }
  return true;
}

}  // namespace

TEST_SUITE("modules") {
  TEST_CASE("a module's parameters, and nothing else, are registered under its name, nested ones by their path") {
    auto store = ParamStore::in_memory();
    Tree tree;
    tree.eval();
    store.module("tree", tree);
    CHECK(sorted(names_of(store)) == Names{"tree$$$branch.leaf.linear.bias", "tree$$$branch.leaf.linear.weight",
                                           "tree$$$branch.linear.bias", "tree$$$branch.linear.weight",
                                           "tree$$$linear.bias", "tree$$$linear.weight", "tree$$$own"});
    const auto parameters = tree.named_parameters();
    for (const std::string& name : store.keys()) {
      CHECK(parameters.contains(paramstore::user_param_name(name)));
      CHECK(paramstore::module_from_param_with_module_name(name) == "tree");
      CHECK(store.constraint(name) == constraints::real);
    }
  }

  TEST_CASE("the parameters come in the module's own order") {
    auto store = ParamStore::in_memory();
    Branch branch;
    store.module("b", branch);
    Names expected;
    for (const auto& item : branch.named_parameters()) expected.push_back("b$$$" + item.key());
    CHECK(names_of(store) == expected);
  }

  TEST_CASE("a sequence's parameters are registered by position") {
    auto store = ParamStore::in_memory();
    nn::Sequential convolutions(nn::Conv2d(1, 4, 3), nn::ReLU(), nn::Conv2d(4, 2, 3));
    store.module("conv", convolutions);
    CHECK(sorted(names_of(store)) == Names{"conv$$$0.bias", "conv$$$0.weight", "conv$$$2.bias", "conv$$$2.weight"});
    CHECK(store["conv$$$2.weight"].sizes() == torch::IntArrayRef({2, 4, 3, 3}));
  }

  TEST_CASE("a holder, a shared pointer and a module itself are all taken") {
    auto store = ParamStore::in_memory();
    nn::Linear holder(1, 1);
    const auto pointer = std::make_shared<nn::LinearImpl>(1, 1);
    nn::LinearImpl object(1, 1);
    store.module("a", holder);
    store.module("b", pointer);
    store.module("c", object);
    CHECK(store.size() == 6);
  }

  TEST_CASE("two modules may have parameters of the same name, and a free parameter too") {
    auto store = ParamStore::in_memory();
    nn::Linear one(2, 2), two(3, 3);
    store.module("one", one);
    store.module("two", two);
    store.set("weight", torch::zeros({1}));
    CHECK(store.size() == 5);
    CHECK(store["one$$$weight"].sizes() == torch::IntArrayRef({2, 2}));
    CHECK(store["two$$$weight"].sizes() == torch::IntArrayRef({3, 3}));
  }

  TEST_CASE("a new name takes the module's own tensor as its leaf") {
    auto store = ParamStore::in_memory();
    nn::Linear linear(3, 2);
    store.module("m", linear);
    CHECK(store["m$$$weight"].is_same(linear->weight));
    CHECK(store["m$$$bias"].is_same(linear->bias));
    CHECK(store.param_name(linear->weight) == "m$$$weight");
  }

  TEST_CASE("a parameter that requires no gradient is left out, with a warning while the module is in training mode") {
    auto store = ParamStore::in_memory();
    nn::Linear linear(2, 2);
    linear->bias.set_requires_grad(false);
    {
      const CapturedWarnings warnings;
      store.module("m", linear);
      CHECK(warnings.messages.size() == 1);
      CHECK(mentions(warnings, "bias") == 1);
    }
    {
      const CapturedWarnings warnings;
      linear->eval();
      store.module("m", linear);
      CHECK(warnings.messages.size() == 0);
    }
    CHECK(names_of(store) == Names{"m$$$weight"});
  }

  TEST_CASE("a module without biases adds no biases to the store") {
    auto store = ParamStore::in_memory();
    nn::Linear linear(nn::LinearOptions(2, 2).bias(false));
    REQUIRE_FALSE(linear->bias.defined());
    store.module("m", linear);
    store.module("m", linear, /*update_module_params=*/true);
    CHECK(names_of(store) == Names{"m$$$weight"});
    nn::BatchNorm1d plain(nn::BatchNorm1dOptions(2).affine(false));
    store.module("norm", plain);
    CHECK(store.size() == 1);
  }

  TEST_CASE("a module without parameters changes nothing") {
    auto store = ParamStore::in_memory();
    nn::ReLU relu;
    store.module("relu", relu);
    CHECK(store.empty());
  }

  TEST_CASE("a name with the divider in it is refused") {
    auto store = ParamStore::in_memory();
    nn::Linear linear(2, 2);
    CHECK_THROWS_AS(store.module("a$$$b", linear), paramstore::Error);
    CHECK(store.empty());
  }

  TEST_CASE("if a name exists, the store keeps its value and the module its own") {
    auto store = ParamStore::in_memory();
    nn::Linear stored(3, 2), other(3, 2);
    const auto before = other->weight.detach().clone();
    store.module("m", stored);
    store.module("m", other);
    CHECK(store["m$$$weight"].is_same(stored->weight));
    CHECK_FALSE(other->weight.is_same(stored->weight));
    CHECK(torch::equal(other->weight, before));
    CHECK_FALSE(torch::equal(other->weight, stored->weight));
  }

  TEST_CASE("with update_module_params the module gets the store's values, and its tensors are the store's leaves") {
    auto store = ParamStore::in_memory();
    Tree stored, other;
    stored.eval();
    other.eval();
    store.module("m", stored);
    REQUIRE_FALSE(same_values(stored, other));
    store.module("m", other, /*update_module_params=*/true);
    CHECK(same_values(stored, other));
    for (const auto& item : other.named_parameters()) {
      if (!item.value().requires_grad()) continue;
      CAPTURE(item.key());
      CHECK(store["m$$$" + item.key()].is_same(item.value()));
      CHECK(store.param_name(item.value()) == "m$$$" + item.key());
    }
    CHECK(store["m$$$linear.weight"].is_same(other.linear->weight));
    CHECK(store["m$$$own"].is_same(other.own));
  }

  TEST_CASE("update_module_params on the module that is registered changes nothing") {
    auto store = ParamStore::in_memory();
    nn::Linear linear(3, 2);
    store.module("m", linear);
    const auto before = linear->weight.detach().clone();
    store.module("m", linear, /*update_module_params=*/true);
    CHECK(store["m$$$weight"].is_same(linear->weight));
    CHECK(torch::equal(linear->weight, before));
  }

  TEST_CASE("update_module_params changes those that the store has, and registers the others") {
    auto store = ParamStore::in_memory();
    store.set("m$$$weight", torch::full({2, 3}, 5.0));
    nn::Linear linear(3, 2);
    const auto bias = linear->bias.detach().clone();
    store.module("m", linear, /*update_module_params=*/true);
    CHECK(torch::equal(linear->weight, torch::full({2, 3}, 5.0)));
    CHECK(store["m$$$weight"].is_same(linear->weight));
    CHECK(torch::equal(store["m$$$bias"], bias));
    CHECK(store["m$$$bias"].is_same(linear->bias));
  }

  TEST_CASE("an optimizer over the module's parameters moves the store, and a commit writes it") {
    {
      ParamStore store("trained.params.db");
      nn::Linear first(3, 2), linear(3, 2);
      store.module("m", first);
      store.module("m", linear, /*update_module_params=*/true);
      const auto before = store["m$$$weight"].detach().clone();
      torch::optim::SGD optimizer(linear->parameters(), 0.1);
      linear(torch::ones({4, 3})).square().sum().backward();
      optimizer.step();
      CHECK_FALSE(torch::equal(store["m$$$weight"], before));
      CHECK(torch::equal(store["m$$$weight"], linear->weight));
      const auto revision = store.revision();
      CHECK(store.commit() == revision + 1);
      ParamStore other("trained.params.db");
      CHECK(torch::equal(other["m$$$weight"], linear->weight));
    }
    ParamStore store("trained.params.db");
    nn::Linear resumed(3, 2);
    store.module("m", resumed, /*update_module_params=*/true);
    CHECK(torch::equal(resumed->weight, store["m$$$weight"]));
    torch::optim::SGD optimizer(store.parameters(), 0.1);
    const auto before = resumed->weight.detach().clone();
    resumed(torch::ones({4, 3})).square().sum().backward();
    optimizer.step();
    CHECK_FALSE(torch::equal(resumed->weight, before));
  }

  TEST_CASE("an optimizer made over the old leaves before update_module_params still moves the parameter") {
    auto store = ParamStore::in_memory();
    nn::Linear first(3, 2), second(3, 2);
    store.module("m", first);
    const auto leaf = store.unconstrained("m$$$weight");
    store.module("m", second, /*update_module_params=*/true);
    leaf.data().fill_(2.5);
    CHECK(torch::equal(store["m$$$weight"], torch::full({2, 3}, 2.5)));
    CHECK(torch::equal(second->weight, torch::full({2, 3}, 2.5)));
  }

  TEST_CASE("a change that was not committed before update_module_params is committed after it") {
    {
      ParamStore store("pending.params.db");
      nn::Linear first(3, 2), second(3, 2);
      store.module("m", first);
      first->weight.data().fill_(1.5);
      store.module("m", second, /*update_module_params=*/true);
      CHECK(torch::equal(second->weight, torch::full({2, 3}, 1.5)));
      store.commit();
    }
    ParamStore store("pending.params.db");
    CHECK(torch::equal(store["m$$$weight"], torch::full({2, 3}, 1.5)));
  }

  TEST_CASE("a tied weight is registered once, under the first of its names") {
    auto store = ParamStore::in_memory();
    Tied tied;
    store.module("m", tied);
    CHECK(names_of(store) == Names{"m$$$embedding"});
    CHECK(store.parameters().size() == 1);  // or an optimizer would take two steps at once
    Tied other;
    store.module("m", other, /*update_module_params=*/true);
    CHECK(other.embedding.is_same(store["m$$$embedding"]));
    CHECK(other.output.is_same(other.embedding));
    CHECK(torch::equal(other.output, tied.output));
  }

  TEST_CASE("a module may be trained in a scope of its own") {
    auto store = ParamStore::in_memory();
    nn::Linear one(2, 2), two(2, 2);
    store.module("m", one);
    {
      auto guard = store.scope();
      store.module("m", two, /*update_module_params=*/true);
      CHECK(store["m$$$weight"].is_same(two->weight));
    }
    CHECK(store["m$$$weight"].is_same(one->weight));
    CHECK_FALSE(torch::equal(one->weight, two->weight));
  }

  TEST_CASE("differs: a stored parameter whose shape differs from the module's warns; Pyro says nothing") {
    auto store = ParamStore::in_memory();
    store.set("m$$$weight", torch::zeros({5, 5}));
    nn::Linear linear(nn::LinearOptions(3, 2).bias(false));
    const CapturedWarnings warnings;
    store.module("m", linear);
    CHECK(mentions(warnings, "m$$$weight") == 1);
    CHECK(linear->weight.sizes() == torch::IntArrayRef({2, 3}));
  }
}

TEST_SUITE("modules, saved and loaded") {
  TEST_CASE("two modules and a parameter take a step of Adam, are saved, cleared, and loaded into a third module") {
    torch::manual_seed(5);
    auto store = ParamStore::in_memory();
    nn::Linear trained(3, 2), bystander(3, 2), fresh(3, 2);
    store.module("trained", trained);
    store.module("bystander", bystander);
    const auto temperature = store.get_param("temperature", torch::full({1}, 1.5));

    auto parameters = trained->parameters();
    parameters.push_back(temperature);
    torch::optim::Adam adam(parameters, 0.01);
    const auto before = store["temperature"].detach().clone();
    (trained(torch::randn({1, 3})).square().sum() * temperature.pow(3)).sum().backward();
    adam.step();
    const auto after = store["temperature"].detach().clone();
    CHECK_FALSE(torch::equal(before, after));

    const Names names = names_of(store);
    CHECK(names.size() == 5);
    store.save("adam.params.db");
    store.clear();
    CHECK(store.empty());
    CHECK_FALSE(store.param_name(trained->weight));
    store.load("adam.params.db");

    CHECK_FALSE(same_values(*fresh, *trained));
    store.module("trained", fresh);
    CHECK_FALSE(fresh->weight.is_same(store["trained$$$weight"]));
    CHECK_FALSE(same_values(*fresh, *trained));
    store.module("trained", fresh, /*update_module_params=*/true);
    CHECK(fresh->weight.is_same(store["trained$$$weight"]));
    CHECK(fresh->bias.is_same(store["trained$$$bias"]));
    CHECK(same_values(*fresh, *trained));

    CHECK(torch::equal(store["temperature"], after));
    CHECK(names_of(store) == names);
    for (const auto& item : store.named_parameters()) CHECK(store.param_name(item.value()) == item.key());
  }

  TEST_CASE("training with a checkpoint in the middle, of store and optimizer, is the training without one") {
    const auto initialize = [](ParamStore& store) {
      store.setdefault("scale_x", torch::full({}, 1.0), constraints::positive);
      store.setdefault("loc", torch::full({}, 0.0));
      store.setdefault("scale", torch::full({}, 0.5), constraints::positive);
    };
    const auto step = [](ParamStore& store, torch::optim::Optimizer& optimizer) {
      optimizer.zero_grad();
      const auto loss = ((store["loc"] - 3) / store["scale_x"]).square() + store["scale"] - store["scale"].log() +
                        2 * store["scale_x"].log();
      loss.backward();
      optimizer.step();
    };
    auto whole = ParamStore::in_memory();
    initialize(whole);
    torch::optim::Adam adam(whole.parameters(), 0.1);
    for (int i = 0; i < 15; ++i) step(whole, adam);

    auto halves = ParamStore::in_memory();
    initialize(halves);
    {
      torch::optim::Adam first(halves.parameters(), 0.1);
      for (int i = 0; i < 5; ++i) step(halves, first);
      torch::save(first, "optimizer.pt");
      halves.save("checkpoint.params.db");
      halves.clear();
    }
    halves.load("checkpoint.params.db");
    torch::optim::Adam second(halves.parameters(), 0.1);
    torch::load(second, "optimizer.pt");
    for (int i = 0; i < 10; ++i) step(halves, second);

    for (const auto& [name, value] : whole.items()) {
      CAPTURE(name);
      CHECK(torch::equal(value, halves[name]));
    }
  }
}
