// Modules whose tensors are parameters of the store already, or cannot be, and modules in batches. What module() does
// as Pyro's does is in tests/conformance/module_test.cpp.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <torch/nn/modules/linear.h>

#include <cmath>
#include <string>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "store/temporary_store.h"
#include "store/warnings.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>

namespace {

using paramstore::ParamStore;
using paramstore::UnsupportedTensor;
using torch::nn::Linear;

const std::string weight = "m$$$weight";

Linear filled(double value) {
  Linear linear(torch::nn::LinearOptions(1, 1).bias(false));
  linear->weight.data().fill_(value);
  return linear;
}

double number(const at::Tensor& tensor) { return tensor.item().toDouble(); }

std::string message_of(const UnsupportedTensor& error) { return error.what(); }

TEST_CASE("one net over several scopes gets each one's values, and the scopes keep theirs") {
  TemporaryStore file;
  {
    ParamStore store(file.path());
    for (const int fold : {1, 2}) {
      auto guard = store.scope("fold-" + std::to_string(fold));
      store.module("m", filled(fold));
    }
  }
  {
    ParamStore store(file.path());
    Linear net = filled(0);
    for (const int round : {0, 1}) {
      for (const int fold : {1, 2}) {
        auto guard = store.scope("fold-" + std::to_string(fold));
        store.module("m", net, /*update_module_params=*/true);
        CHECK(number(net->weight) == fold + 10 * round);
        CHECK(store[weight].is_same(net->weight));
        net->weight.data().add_(10);  // not committed
      }
    }
    auto guard = store.scope("fold-1");
    CHECK(number(store[weight]) == 21);
    CHECK(store.unconstrained(weight).requires_grad());
    CHECK_FALSE(store[weight].is_same(net->weight));
    CHECK(store.param_name(net->weight) == std::nullopt);
  }
  ParamStore again(file.path());
  for (const int fold : {1, 2}) {
    auto guard = again.scope("fold-" + std::to_string(fold));
    CHECK(number(again[weight]) == fold + 20);
  }
}

TEST_CASE("a module that is registered under one name may be given another name's values") {
  auto store = ParamStore::in_memory();
  const Linear x = filled(1), y = filled(2);
  store.module("x", x);
  store.module("y", y);
  SUBCASE("its own parameter keeps its value") {
    store.module("x", y, /*update_module_params=*/true);
    CHECK(number(y->weight) == 1);
    CHECK(store["x$$$weight"].is_same(y->weight));
    CHECK(number(store["y$$$weight"]) == 2);
    y->weight.data().fill_(5);
    CHECK(number(store["x$$$weight"]) == 5);
    CHECK(number(store["y$$$weight"]) == 2);
  }
  SUBCASE("and what is pending in it") {
    const paramstore::Revision before = store.revision();
    {
      at::NoGradGuard no_grad;
      y->weight.fill_(3);
    }
    store.module("x", y, /*update_module_params=*/true);
    CHECK(number(store["y$$$weight"]) == 3);
    CHECK(store.commit() == before + 1);
  }
  SUBCASE("two that exchange their names exchange their values") {
    struct Pair : torch::nn::Module {
      Pair(const at::Tensor& a, const at::Tensor& b) {
        register_parameter("weight", a);
        register_parameter("bias", b);
      }
    };
    const auto a = at::full({1}, 1.0).requires_grad_(), b = at::full({1}, 2.0).requires_grad_();
    Pair one(a, b), other(b, a);
    store.module("pair", one);
    store.module("pair", other, /*update_module_params=*/true);
    CHECK(store["pair$$$weight"].is_same(b));
    CHECK(number(b) == 1);
    CHECK(store["pair$$$bias"].is_same(a));
    CHECK(number(a) == 2);
  }
}

TEST_CASE("a module made under inference mode is refused, and nothing of it is registered or exchanged") {
  auto store = ParamStore::in_memory();
  store.module("m", filled(1));
  const at::Tensor leaf = store.unconstrained(weight);
  const paramstore::Revision before = store.revision();
  const c10::InferenceMode inference;
  const Linear made_here(1, 1);  // its weight is in the store, its bias would be new
  const at::Tensor its_weight = made_here->weight.clone();
  for (const std::string name : {"m", "new"}) {
    try {
      store.module(name, made_here, /*update_module_params=*/true);
      FAIL("expected UnsupportedTensor");
    } catch (const UnsupportedTensor& error) {
      CHECK(message_of(error).find(name + "$$$weight") != std::string::npos);
      CHECK(message_of(error).find("InferenceMode") != std::string::npos);
    }
  }
  CHECK(store.size() == 1);
  CHECK(store.revision() == before);
  CHECK(store.unconstrained(weight).is_same(leaf));
  CHECK(at::equal(made_here->weight, its_weight));
  leaf.data().add_(1);
  CHECK(store.commit() == before + 1);
  store.set(weight, at::ones({1, 1}));
}

TEST_CASE("a module's tensor whose elements share memory is refused, as it could not take a value") {
  struct Expanded : torch::nn::Module {
    Expanded() { register_parameter("w", at::zeros({1}).expand({3})); }
  } expanded;
  auto store = ParamStore::in_memory();
  CHECK_THROWS_AS(store.module("m", expanded), UnsupportedTensor);
  CHECK(store.empty());
  store.set("m$$$w", at::ones({3}));
  store.module("m", expanded, /*update_module_params=*/true);  // takes over the leaf's memory
  CHECK(at::equal(expanded.named_parameters()["w"], at::ones({3})));
  store.set("m$$$w", at::zeros({3}));
}

TEST_CASE("a leaf that was given data whose elements share memory makes room for a new one") {
  auto store = ParamStore::in_memory();
  const at::Tensor leaf = store.setdefault("w", at::zeros({3}));
  leaf.set_data(at::zeros({1}).expand({3}));
  store.set("w", at::arange(3.0));
  CHECK(at::equal(store["w"], at::arange(3.0)));
  CHECK_FALSE(store["w"].is_same(leaf));
}

TEST_CASE("module with update picks up what others have changed, and its tensors are the store's leaves") {
  TemporaryStore file;
  { ParamStore(file.path()).module("m", filled(1)); }
  ParamStore ours(file.path());
  CHECK(number(ours[weight]) == 1);
  { ParamStore(file.path()).set(weight, at::full({1, 1}, 9.0)); }
  const Linear net(1, 1);  // the look-up of its bias, which the store has not, takes the weight in
  ours.module("m", net, /*update_module_params=*/true);
  CHECK(ours[weight].is_same(net->weight));
  CHECK(number(net->weight) == 9);
  CHECK(ours.param_name(net->weight) == weight);
}

TEST_CASE("module registers again what others have erased") {
  TemporaryStore file;
  { ParamStore(file.path()).module("m", filled(1)); }
  ParamStore ours(file.path());
  CHECK(ours.keys().begin() != ours.keys().end());
  { ParamStore(file.path()).clear(); }
  const Linear net = filled(4);
  ours.module("m", net, /*update_module_params=*/true);
  CHECK(number(net->weight) == 4);
  CHECK(number(ParamStore(file.path())[weight]) == 4);
}

TEST_CASE("module with update in a batch that is dropped is undone, in the store and in the module") {
  auto store = ParamStore::in_memory();
  const Linear registered = filled(1), bystander = filled(2), other(1, 1);
  other->weight.data().fill_(3);
  store.module("m", registered);
  store.module("bystander", bystander);
  const paramstore::Revision before = store.revision();
  {
    auto batch = store.batch();
    store.module("m", other, /*update_module_params=*/true);
    CHECK(number(other->weight) == 1);
    store.module("m", bystander, /*update_module_params=*/true);
    CHECK(number(bystander->weight) == 1);
    CHECK(store.contains("m$$$bias"));
  }
  CHECK(store.unconstrained(weight).is_same(registered->weight));
  CHECK(store.unconstrained("bystander$$$weight").is_same(bystander->weight));
  CHECK(number(registered->weight) == 1);
  CHECK(number(bystander->weight) == 2);
  CHECK(number(other->weight) == 3);
  CHECK_FALSE(store.contains("m$$$bias"));
  CHECK(store.commit() == before);
}

bool mentions(const std::string& message, const std::string& part) { return message.find(part) != std::string::npos; }

TEST_CASE("a module whose contents differ from the stored ones warns once, and the warning gives both remedies") {
  TemporaryStore file;
  { ParamStore(file.path()).module("net", filled(1)); }
  ParamStore store(file.path());
  const Linear fresh = filled(2);
  CapturedWarnings warnings;
  store.module("net", fresh);
  REQUIRE(warnings.messages.size() == 1);
  const std::string& message = warnings.messages[0];
  CHECK(mentions(message, "module 'net'"));
  CHECK(mentions(message, "'net$$$weight'"));
  CHECK(mentions(message, file.path().string()));
  CHECK(mentions(message, "module(\"net\", ..., true)"));
  CHECK(mentions(message, "erase(\"net$$$weight\")"));
  CHECK(number(fresh->weight) == 2);
  CHECK(number(store["net$$$weight"]) == 1);
  store.module("net", fresh);
  store.module("net", filled(3));
  CHECK(warnings.messages.size() == 1);

  SUBCASE("one way on: the module gets the stored values") {
    store.module("net", fresh, /*update_module_params=*/true);
    CHECK(number(fresh->weight) == 1);
    store.module("net", fresh);
  }
  SUBCASE("the other: the stored ones go") {
    store.erase("net$$$weight");
    store.module("net", fresh);
    CHECK(store["net$$$weight"].is_same(fresh->weight));
    CHECK(number(store["net$$$weight"]) == 2);
  }
  CHECK(warnings.messages.size() == 1);
}

TEST_CASE("a module with the stored contents, or whose tensors are the leaves, does not warn") {
  auto store = ParamStore::in_memory();
  const Linear net = filled(1);
  const CapturedWarnings warnings;
  store.module("net", net);
  net->weight.data().fill_(5);  // not committed: the leaf has it too
  store.module("net", net);
  store.module("net", filled(5));
  const Linear undefined = filled(NAN);
  store.module("nan", undefined);
  store.module("nan", filled(NAN));
  CHECK(warnings.messages.empty());
  store.module("net", filled(1));
  store.module("nan", filled(1));  // each module's name has its own warning
  CHECK(warnings.messages.size() == 2);
}

TEST_CASE("on_mismatch decides about a module's contents and dtype too") {
  const Linear stored = filled(1);
  Linear of_doubles = filled(1);
  of_doubles->to(at::kDouble);
  {
    auto strict = ParamStore::in_memory(paramstore::StoreOptions().on_mismatch(paramstore::Mismatch::error));
    strict.module("net", stored);
    strict.module("net", filled(1));
    const Linear other(1, 1);  // its bias would be new
    CHECK_THROWS_WITH_AS(strict.module("net", other), doctest::Contains("module 'net'"), paramstore::Error);
    CHECK_THROWS_WITH_AS(strict.module("net", of_doubles), doctest::Contains("dtype"), paramstore::Error);
    CHECK(strict.size() == 1);
  }
  {
    auto silent = ParamStore::in_memory(paramstore::StoreOptions().on_mismatch(paramstore::Mismatch::ignore));
    const CapturedWarnings warnings;
    silent.module("net", stored);
    silent.module("net", filled(2));
    silent.module("net", of_doubles);
    CHECK(warnings.messages.empty());
  }
}

}  // namespace
