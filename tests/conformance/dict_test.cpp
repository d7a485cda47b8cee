// The dict interface: what a parameter store promises of names, values, leaves and constraints.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "conformance/collect.h"
#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "store/warnings.h"

using paramstore::Param;
using paramstore::ParamStore;
using paramstore::StoreOptions;
namespace constraints = paramstore::constraints;

namespace {

ParamStore quiet_store() { return ParamStore::in_memory(StoreOptions().on_mismatch(paramstore::Mismatch::ignore)); }

}  // namespace

TEST_SUITE("dict interface") {
  TEST_CASE("a new store is empty, whatever way one asks") {
    const auto store = ParamStore::in_memory();
    CHECK(store.empty());
    CHECK(store.size() == 0);
    CHECK_FALSE(store.contains("w"));
    CHECK(store.keys().begin() == store.keys().end());
    CHECK(store.values().begin() == store.values().end());
    CHECK(store.items().begin() == store.items().end());
    CHECK(store.named_parameters().is_empty());
    CHECK(store.parameters().empty());
  }

  TEST_CASE("as parameters are added and erased, size, names, values and items always agree") {
    auto store = quiet_store();
    const auto check = [&](const Names& expected) {
      CHECK(store.empty() == expected.empty());
      CHECK(store.size() == expected.size());
      CHECK(names_of(store) == expected);
      CHECK(names_of(store.named_parameters()) == expected);
      Names from_items;
      for (const auto& [name, value] : store.items()) {
        from_items.push_back(name);
        CHECK(at::equal(value, store[name]));
      }
      CHECK(from_items == expected);
      std::size_t values = 0;
      for (const Param& value : store.values()) CHECK(at::equal(value, store[expected[values++]]));
      CHECK(values == expected.size());
      for (const std::string name : {"free", "scale"}) {
        const bool there = std::find(expected.begin(), expected.end(), name) != expected.end();
        CHECK(store.contains(name) == there);
      }
    };
    check({});
    store.set("free", at::zeros({2, 1, 4}));
    check({"free"});
    store.setdefault("scale", at::ones({3}), constraints::positive);
    check({"free", "scale"});
    CHECK(store.erase("free"));
    check({"scale"});
    CHECK(at::equal(store["scale"], at::ones({3})));
    CHECK(store.erase("scale"));
    check({});
  }

  TEST_CASE("iteration follows insertion, a new value keeps its place, and a name erased and added again comes last") {
    auto store = ParamStore::in_memory();
    for (const char* name : {"m", "z", "a"}) store.set(name, at::zeros({1}));
    CHECK(names_of(store) == Names{"m", "z", "a"});
    store.set("m", at::ones({1}));
    store.set("z", at::ones({5}));
    CHECK(names_of(store) == Names{"m", "z", "a"});
    store.erase("m");
    store.set("m", at::zeros({1}));
    CHECK(names_of(store) == Names{"z", "a", "m"});
  }

  TEST_CASE("a parameter set without a constraint is real") {
    auto store = ParamStore::in_memory();
    store.set("x", at::full({2}, -3.0));
    CHECK(store.constraint("x") == constraints::real);
    CHECK(at::equal(store["x"], at::full({2}, -3.0)));
  }

  TEST_CASE("a new value of an existing parameter is a constrained one, and the constraint stays") {
    auto store = ParamStore::in_memory();
    store.setdefault("scale", at::ones({2}), constraints::positive);
    store.set("scale", at::full({2}, 4.0));
    CHECK(store.constraint("scale") == constraints::positive);
    CHECK(at::allclose(store["scale"], at::full({2}, 4.0)));
    CHECK(at::allclose(store.unconstrained("scale"), at::full({2}, 4.0).log()));
    store.set("scale", at::full({3, 1}, 0.5));  // of another shape too
    CHECK(store.constraint("scale") == constraints::positive);
    CHECK(store["scale"].sizes() == at::IntArrayRef({3, 1}));
  }

  TEST_CASE("erasing forgets the constraint, and so does clearing") {
    auto store = ParamStore::in_memory();
    store.setdefault("y", at::ones({1}), constraints::positive);
    store.erase("y");
    store.set("y", at::full({1}, -1.0));
    CHECK(store.constraint("y") == constraints::real);
    store.clear();
    CHECK(store.empty());
    store.setdefault("y", at::ones({1}), constraints::positive);
    store.clear();
    store.set("y", at::full({1}, -1.0));
    CHECK(store.constraint("y") == constraints::real);
  }

  TEST_CASE("a leaf requires gradients and is contiguous, whatever the initial value is") {
    auto store = ParamStore::in_memory();
    const auto transposed = at::arange(6.0).reshape({2, 3}).t();
    REQUIRE_FALSE(transposed.is_contiguous());
    store.set("x", transposed);
    store.setdefault("y", transposed + 1, constraints::positive);
    for (const char* name : {"x", "y"}) {
      CHECK(store.unconstrained(name).requires_grad());
      CHECK(store.unconstrained(name).is_leaf());
      CHECK(store.unconstrained(name).is_contiguous());
      CHECK(store[name].sizes() == at::IntArrayRef({3, 2}));
    }
    CHECK(at::equal(store["x"], transposed));
  }

  TEST_CASE("tensors handed out before stay valid after erase and clear") {
    auto store = ParamStore::in_memory();
    const Param x = store.setdefault("x", at::ones({2}));
    const Param y = store.setdefault("y", at::ones({2}), constraints::positive);
    store.erase("x");
    store.clear();
    CHECK(x.sum().item().toDouble() == 2);
    CHECK(y.sum().item().toDouble() == 2);
    CHECK(y.unconstrained().sum().item().toDouble() == 0);
  }

  TEST_CASE("differs: asking for what is not there throws ParamNotFound with the name, where Python has its KeyError") {
    auto store = ParamStore::in_memory();
    CHECK_THROWS_AS(store["w"], paramstore::ParamNotFound);
    CHECK_THROWS_AS(store.get_param("w"), paramstore::ParamNotFound);
    CHECK_THROWS_AS(store.unconstrained("w"), paramstore::ParamNotFound);
    CHECK_THROWS_AS(store.constraint("w"), paramstore::ParamNotFound);
    try {
      store["w"];
    } catch (const paramstore::ParamNotFound& error) {
      CHECK(error.name() == "w");
    }
  }

  TEST_CASE("differs: erasing a missing name returns false instead of throwing, as std::map does") {
    auto store = ParamStore::in_memory();
    CHECK_FALSE(store.erase("w"));
  }

  TEST_CASE(
      "differs: names are checked, as they must be found again from any language: UTF-8, no NUL, 1 to 1024 bytes") {
    auto store = ParamStore::in_memory();
    for (const std::string& name :
         {std::string(), std::string("a\0b", 3), std::string("\xff"), std::string(1025, 'n')}) {
      CHECK_THROWS_AS(store.set(name, at::zeros({1})), paramstore::InvalidName);
      CHECK_THROWS_AS(store.setdefault(name, at::zeros({1})), paramstore::InvalidName);
    }
    CHECK(store.empty());
    store.set(std::string(1024, 'n'), at::zeros({1}));
    store.set("Größe/β $$$.[0]\n", at::zeros({1}));
    CHECK(store.size() == 2);
  }

  TEST_CASE(
      "differs: a value outside its constraint is refused and nothing changes; Pyro would keep a NaN or an infinity") {
    auto store = ParamStore::in_memory();
    CHECK_THROWS_AS(store.setdefault("scale", at::full({2}, -1.0), constraints::positive),
                    paramstore::ConstraintViolation);
    CHECK_FALSE(store.contains("scale"));
    store.setdefault("scale", at::ones({2}), constraints::positive);
    CHECK_THROWS_AS(store.set("scale", at::zeros({2})), paramstore::ConstraintViolation);
    CHECK_THROWS_AS(store.set("free", at::full({1}, std::numeric_limits<double>::quiet_NaN())),
                    paramstore::ConstraintViolation);
    CHECK(at::equal(store["scale"], at::ones({2})));
    CHECK_FALSE(store.contains("free"));

    auto lenient = ParamStore::in_memory(StoreOptions().validate(false));  // as Pyro
    lenient.setdefault("scale", at::full({2}, -1.0), constraints::positive);
    CHECK(lenient["scale"].isnan().all().item().toBool());
  }

  TEST_CASE("differs: the value given is copied; in Pyro the leaf of a real parameter is the tensor given") {
    auto store = ParamStore::in_memory();
    const auto mine = at::zeros({3});
    store.setdefault("a", mine);
    store.set("b", mine);
    CHECK_FALSE(mine.requires_grad());
    mine.fill_(7);
    CHECK(at::equal(store["a"], at::zeros({3})));
    CHECK(at::equal(store["b"], at::zeros({3})));
    CHECK_FALSE(store["a"].is_same(mine));
  }

  TEST_CASE("differs: a new value of the same shape goes into the leaf, so an optimizer keeps moving the parameter") {
    auto store = ParamStore::in_memory();  // Pyro makes a new leaf, and an optimizer is left with the old one
    for (const auto& constraint : {constraints::real, constraints::positive}) {
      const std::string name = constraint.tag();
      const auto leaf = store.setdefault(name, at::ones({2}), constraint).unconstrained();
      store.set(name, at::full({2}, 3.0));
      CHECK(store.unconstrained(name).is_same(leaf));
      store.set(name, at::ones({3}));  // this one does not fit
      CHECK_FALSE(store.unconstrained(name).is_same(leaf));
    }
  }

  TEST_CASE(
      "differs: a value that carries a graph is stored without it; in Pyro a real parameter would stay part of the "
      "graph") {
    auto store = ParamStore::in_memory();
    const auto w = at::ones({2}).requires_grad_();
    const auto computed = w * 3;
    store.set("x", computed);
    CHECK(store["x"].is_leaf());
    CHECK(at::equal(store["x"], computed));
    store["x"].sum().backward();
    CHECK_FALSE(w.grad().defined());
  }

  TEST_CASE(
      "differs: integer tensors and others that cannot require gradients are refused, by name, before anything "
      "changes") {
    auto store = ParamStore::in_memory();
    CHECK_THROWS_AS(store.set("steps", at::zeros({2}, at::kLong)), paramstore::UnsupportedTensor);
    CHECK_THROWS_AS(store.set("nothing", at::Tensor()), paramstore::UnsupportedTensor);
    CHECK(store.empty());
  }
}

TEST_SUITE("values and leaves") {
  TEST_CASE("under real, value and leaf are always the same tensor") {
    auto store = ParamStore::in_memory();
    const Param x = store.setdefault("x", at::zeros({2, 3}));
    CHECK(x.unconstrained().is_same(x));
    CHECK(store["x"].is_same(x));
    CHECK(store.unconstrained("x").is_same(x));
    CHECK(store.get_param("x").is_same(x));
    for (const auto& [name, value] : store.items()) CHECK(value.is_same(x));
  }

  TEST_CASE("under a constraint, each value is a new transform of the leaf, and the leaf is always the same tensor") {
    auto store = ParamStore::in_memory();
    const Param first = store.setdefault("y", at::full({2}, 2.0), constraints::positive);
    const Param second = store["y"];
    CHECK_FALSE(first.is_same(second));
    CHECK_FALSE(first.unconstrained().is_same(first));
    CHECK(first.unconstrained().is_same(second.unconstrained()));
    CHECK(store.unconstrained("y").is_same(first.unconstrained()));
    CHECK(at::allclose(first.unconstrained().exp(), first));
  }

  TEST_CASE("a value under each of the basic constraints is read back as it was set") {
    auto store = ParamStore::in_memory();
    at::manual_seed(1);
    const auto wild = at::randn({3, 4}, at::kDouble);
    const std::vector<std::pair<paramstore::Constraint, at::Tensor>> values = {
        {constraints::real, wild},
        {constraints::positive, wild.exp()},
        {constraints::greater_than(2.5), wild.exp() + 2.5},
        {constraints::unit_interval, wild.sigmoid()},
        {constraints::interval(-1.0, 2.0), wild.sigmoid() * 3 - 1},
        {constraints::simplex, wild.softmax(-1)},
        {constraints::lower_cholesky, at::eye(3, at::kDouble) * 2 + at::ones({3, 3}, at::kDouble).tril(-1)},
        {constraints::independent(constraints::positive, 1), wild.exp()},
    };
    for (const auto& [constraint, value] : values) {
      CAPTURE(constraint.tag());
      const Param param = store.setdefault(constraint.tag(), value, constraint);
      CHECK(at::allclose(param, value));
      CHECK(store.constraint(constraint.tag()) == constraint);
      CHECK(constraint.check(store[constraint.tag()]).all().item().toBool());
    }
  }

  TEST_CASE("gradients of a loss in the value arrive at the leaf, through items() and named_parameters() alike") {
    auto store = ParamStore::in_memory();
    store.setdefault("x", at::full({2}, 3.0));
    store.setdefault("y", at::full({2}, 5.0), constraints::positive);
    auto loss = at::zeros({});
    for (const auto& [name, value] : store.items()) loss = loss + value.square().sum();
    loss.backward();
    const auto leaves = store.named_parameters();
    CHECK(at::allclose(leaves["x"].grad(), at::full({2}, 6.0)));
    CHECK(at::allclose(leaves["y"].grad(), at::full({2}, 50.0)));  // d(e^2u)/du = 2 e^2u
    CHECK(store["y"].unconstrained().grad().is_same(leaves["y"].grad()));
  }

  TEST_CASE("no graph is built while gradients are off") {
    auto store = ParamStore::in_memory();
    store.setdefault("y", at::ones({2}), constraints::positive);
    const c10::AutoGradMode no_gradients(false);
    CHECK_FALSE(store["y"].requires_grad());
    CHECK(store.unconstrained("y").requires_grad());
  }

  TEST_CASE("the next value shows every in-place change of the leaf, even one that bypasses autograd") {
    auto store = ParamStore::in_memory();
    store.setdefault("particles", at::ones({4}), constraints::positive);
    store["particles"].unconstrained().data().mul_(1.3).add_(0.7);
    CHECK(at::allclose(store["particles"], at::full({4}, 0.7).exp()));
  }

  TEST_CASE("differs: a value keeps its leaf alive; Pyro's holds a weak reference") {
    Param y;
    {
      auto store = ParamStore::in_memory();
      y = store.setdefault("y", at::ones({2}), constraints::positive);
    }
    CHECK(at::equal(y.unconstrained(), at::zeros({2})));
  }
}

TEST_SUITE("setdefault and get_param") {
  TEST_CASE("setdefault creates a missing parameter, and leaves an existing one alone") {
    auto store = quiet_store();
    CHECK(at::equal(store.setdefault("x", at::zeros({1, 2})), at::zeros({1, 2})));
    CHECK(at::equal(store.setdefault("x", at::ones({1, 2})), at::zeros({1, 2})));
    store.setdefault("y", at::ones({2}), constraints::positive);
    CHECK(at::equal(store.setdefault("y", at::zeros({2})), at::ones({2})));  // a value it would not take
    CHECK(store.constraint("y") == constraints::positive);
    CHECK(at::equal(store["y"].unconstrained(), at::zeros({2})));
  }

  TEST_CASE("an initial value that is a function is computed only if the parameter does not exist") {
    auto store = ParamStore::in_memory();
    int calls = 0;
    const auto expensive = [&] {
      ++calls;
      return at::full({2}, 0.25);
    };
    const Param made = store.setdefault("y", expensive, constraints::unit_interval);
    CHECK(calls == 1);
    CHECK(at::allclose(made, at::full({2}, 0.25)));
    store.setdefault("y", expensive, constraints::unit_interval);
    store.get_param("y", expensive, constraints::unit_interval);
    CHECK(calls == 1);
  }

  TEST_CASE("get_param finds a parameter, or creates it if given an initial value; it ignores event_dim") {
    auto store = ParamStore::in_memory();
    CHECK_THROWS_AS(store.get_param("y"), paramstore::ParamNotFound);
    const Param made = store.get_param("y", at::ones({3, 2}), constraints::positive, 1);
    CHECK(store.constraint("y") == constraints::positive);
    CHECK(store.get_param("y").unconstrained().is_same(made.unconstrained()));
    CHECK(store.get_param("y", at::zeros({3, 2})).unconstrained().is_same(made.unconstrained()));
    CHECK(store.get_param("z", [] { return at::zeros({1}); }).sizes() == at::IntArrayRef({1}));
  }

  TEST_CASE("differs: a function that throws leaves no trace; in Pyro its constraint would stay behind") {
    auto store = ParamStore::in_memory();
    const auto failing = []() -> at::Tensor { throw std::runtime_error("no data"); };
    CHECK_THROWS_WITH(store.setdefault("y", failing, constraints::positive), "no data");
    CHECK_FALSE(store.contains("y"));
    store.set("y", at::full({1}, -1.0));
    CHECK(store.constraint("y") == constraints::real);
  }

  TEST_CASE("differs: a function that returns an undefined tensor is an error") {
    auto store = ParamStore::in_memory();
    CHECK_THROWS_AS(store.setdefault("y", [] { return at::Tensor(); }), paramstore::UnsupportedTensor);
    CHECK(store.empty());
  }

  TEST_CASE("differs: an initial value or constraint that differs from the stored one warns once; Pyro says nothing") {
    auto store = ParamStore::in_memory();
    store.setdefault("y", at::ones({2}), constraints::positive);
    const CapturedWarnings warnings;
    store.setdefault("y", at::ones({2}), constraints::positive);
    store.setdefault("y", at::zeros({2}));  // no constraint given: nothing to disagree with
    CHECK(warnings.messages.size() == 0);
    store.setdefault("y", at::ones({3}), constraints::positive);
    store.setdefault("y", at::ones({3}), constraints::positive);
    CHECK(mentions(warnings, "'y'") == 1);
    store.setdefault("z", at::ones({2}));
    store.setdefault("z", at::ones({2}), constraints::positive);
    CHECK(mentions(warnings, "'z'") == 1);
    CHECK(store["y"].sizes() == at::IntArrayRef({2}));
    CHECK(store.constraint("z") == constraints::real);
  }
}

TEST_SUITE("finding parameters") {
  TEST_CASE("param_name knows a leaf by identity, and nothing else") {
    auto store = ParamStore::in_memory();
    const Param x = store.setdefault("x", at::zeros({2}));
    const Param y = store.setdefault("y", at::ones({2}), constraints::positive);
    CHECK(store.param_name(x) == "x");
    CHECK(store.param_name(y.unconstrained()) == "y");
    CHECK_FALSE(store.param_name(y));  // the value is not the leaf
    CHECK_FALSE(store.param_name(x.clone()));
    CHECK_FALSE(store.param_name(at::zeros({2})));
    CHECK(store.erase("x"));
    CHECK_FALSE(store.param_name(x));
    store.clear();
    CHECK_FALSE(store.param_name(y.unconstrained()));
  }

  TEST_CASE("differs: a leaf that a new value has replaced no longer has a name; in Pyro it keeps it") {
    auto store = ParamStore::in_memory();
    const auto before = store.setdefault("x", at::zeros({2})).unconstrained();
    store.set("x", at::zeros({3}));
    CHECK_FALSE(store.param_name(before));
    CHECK(store.param_name(store.unconstrained("x")) == "x");
  }

  TEST_CASE("named_parameters gives the leaves, and parameters the same ones for an optimizer") {
    auto store = ParamStore::in_memory();
    store.setdefault("b", at::ones({2}), constraints::positive);
    store.setdefault("a", at::zeros({3}));
    const auto leaves = store.named_parameters();
    CHECK(names_of(leaves) == Names{"b", "a"});
    CHECK(leaves["b"].is_same(store.unconstrained("b")));
    CHECK(at::equal(leaves["b"], at::zeros({2})));
    const auto parameters = store.parameters();
    REQUIRE(parameters.size() == 2);
    CHECK(parameters[0].is_same(leaves["b"]));
    CHECK(parameters[1].is_same(leaves["a"]));
  }

  TEST_CASE("match gives the values whose name the pattern matches from the start, in insertion order") {
    auto store = ParamStore::in_memory();
    store.setdefault("scale_b", at::full({1}, 2.0), constraints::positive);
    store.set("scale_a", at::zeros({1}));
    store.set("loc", at::zeros({1}));
    store.set("prescale", at::zeros({1}));
    const auto scales = store.match("scale");  // not to the end: re.match is not re.fullmatch
    CHECK(names_of(scales) == Names{"scale_b", "scale_a"});
    CHECK(at::allclose(scales["scale_b"], at::full({1}, 2.0)));
    CHECK(scales["scale_b"].unconstrained().is_same(store.unconstrained("scale_b")));
    CHECK(names_of(store.match(".*scale")) == Names{"scale_b", "scale_a", "prescale"});
    CHECK(names_of(store.match("scale_a$|loc$")) == Names{"scale_a", "loc"});
    CHECK(names_of(store.match("")) == names_of(store));
    CHECK(store.match("nothing").is_empty());
  }

  TEST_CASE("a pattern that does not compile is an error; so is one that would run for ages, unlike in Python") {
    auto store = ParamStore::in_memory();
    store.set(std::string(200, 'a') + "!", at::zeros({1}));
    CHECK_THROWS_AS(store.match("scale["), paramstore::Error);
    CHECK_THROWS_AS(store.match("(a+)+$"), paramstore::Error);
  }

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  TEST_CASE("the deprecated get_all_param_names gives the names") {
    auto store = ParamStore::in_memory();
    store.set("b", at::zeros({1}));
    store.set("a", at::zeros({1}));
    CHECK(store.get_all_param_names() == Names{"b", "a"});
  }

  TEST_CASE("the deprecated replace_param sets a value given the parameter of before, and no other") {
    auto store = ParamStore::in_memory();
    const Param y = store.setdefault("y", at::ones({2}), constraints::positive);
    store.replace_param("y", at::full({2}, 3.0), y);
    CHECK(at::allclose(store["y"], at::full({2}, 3.0)));
    CHECK(store.constraint("y") == constraints::positive);
    const Param x = store.setdefault("x", at::ones({2}));
    CHECK_THROWS_AS(store.replace_param("y", at::ones({2}), x), paramstore::Error);
    CHECK_THROWS_AS(store.replace_param("missing", at::ones({2}), x), paramstore::ParamNotFound);
    CHECK(at::allclose(store["y"], at::full({2}, 3.0)));
  }
#pragma GCC diagnostic pop
}
