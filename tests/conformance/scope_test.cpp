// Several sets of parameters in one store.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "conformance/collect.h"
#include "paramstore/error.h"
#include "paramstore/param_store.h"

using paramstore::Constraint;
using paramstore::ParamStore;
using paramstore::Scope;
using paramstore::StateDict;
namespace constraints = paramstore::constraints;

namespace {

struct Expected {
  at::Tensor value;
  Constraint constraint;
};

void check_holds(const ParamStore& store, const std::map<std::string, Expected>& expected) {
  CHECK(store.size() == expected.size());
  for (const auto& [name, parameter] : expected) {
    CAPTURE(name);
    REQUIRE(store.contains(name));
    CHECK(at::allclose(store[name], parameter.value));
    CHECK(store.constraint(name) == parameter.constraint);
  }
}

void fill(ParamStore& store, const std::map<std::string, Expected>& parameters) {
  for (const auto& [name, parameter] : parameters) store.setdefault(name, parameter.value, parameter.constraint);
}

}  // namespace

TEST_SUITE("scopes") {
  TEST_CASE(
      "scopes hold parameters of the same names, other shapes and other constraints, and each is found as it was "
      "left") {
    at::manual_seed(3);
    const std::map<std::string, Expected> outside = {{"x", {at::randn({}), constraints::real}},
                                                     {"z", {at::randn({5}).exp(), constraints::positive}}};
    const std::map<std::string, Expected> first = {{"x", {at::randn({3}), constraints::real}},
                                                   {"y", {at::randn({2, 1}).exp(), constraints::positive}}};
    const std::map<std::string, Expected> second = {{"y", {at::randn({2, 1}).exp(), constraints::positive}},
                                                    {"z", {at::randn({1, 4}).softmax(-1), constraints::simplex}}};
    auto store = ParamStore::in_memory();
    fill(store, outside);
    check_holds(store, outside);
    std::optional<Scope> first_scope, second_scope;

    {
      auto guard = store.scope();
      CHECK(store.empty());
      fill(store, first);
      check_holds(store, first);
      first_scope = guard.scope();
    }
    check_holds(store, outside);
    {
      auto guard = store.scope();
      CHECK(store.empty());
      fill(store, second);
      check_holds(store, second);
      second_scope = guard.scope();
    }
    check_holds(store, outside);
    {
      auto guard = store.scope(*first_scope);
      CHECK(guard.scope() == *first_scope);
      check_holds(store, first);
    }
    check_holds(store, outside);
    {
      auto guard = store.scope(*second_scope);
      CHECK(guard.scope() == *second_scope);
      check_holds(store, second);
    }
    check_holds(store, outside);
  }

  TEST_CASE(
      "the same with Pyro's state dictionaries: a scope starts with the state and stores its final contents in it") {
    at::manual_seed(4);
    auto store = ParamStore::in_memory();
    store.set("x", at::zeros({1}));
    StateDict state;
    {
      auto guard = store.scope(state);
      CHECK(store.empty());
      store.setdefault("y", at::full({2}, 3.0), constraints::positive);
      store.set("gone", at::zeros({1}));
      CHECK(state.params.is_empty());  // not before the end
    }
    CHECK(names_of(store) == Names{"x"});
    CHECK(state.params.keys() == Names{"y", "gone"});
    CHECK(state.constraints["y"] == constraints::positive);
    {
      auto guard = store.scope(state);
      CHECK(names_of(store) == Names{"y", "gone"});
      CHECK(store.unconstrained("y").is_same(state.params["y"]));
      CHECK(at::allclose(store["y"], at::full({2}, 3.0)));
      store.erase("gone");
      store.set("added", at::ones({1}));
    }
    CHECK(state.params.keys() == Names{"y", "added"});
    CHECK(state.constraints.keys() == Names{"y", "added"});
    CHECK(names_of(store) == Names{"x"});
  }

  TEST_CASE("a state from one store's get_state works as a scope of another") {
    auto source = ParamStore::in_memory();
    source.setdefault("y", at::full({2}, 3.0), constraints::positive);
    StateDict state = source.get_state();
    auto store = ParamStore::in_memory();
    {
      auto guard = store.scope(state);
      CHECK(at::allclose(store["y"], at::full({2}, 3.0)));
    }
    CHECK(store.empty());
  }

  TEST_CASE("leaves are the same tensors after a scope as before, in it and outside of it") {
    auto store = ParamStore::in_memory();
    const auto outside = store.setdefault("x", at::zeros({2})).unconstrained();
    std::optional<Scope> scope;
    at::Tensor inside;
    {
      auto guard = store.scope();
      scope = guard.scope();
      inside = store.setdefault("x", at::ones({2})).unconstrained();
      CHECK_FALSE(inside.is_same(outside));
      CHECK(store.param_name(inside) == "x");
      CHECK_FALSE(store.param_name(outside));
    }
    CHECK(store.unconstrained("x").is_same(outside));
    CHECK_FALSE(store.param_name(inside));
    auto again = store.scope(*scope);
    CHECK(store.unconstrained("x").is_same(inside));
  }

  TEST_CASE("clear, erase and load in a scope leave the others alone") {
    auto saved = ParamStore::in_memory();
    saved.set("loaded", at::ones({1}));
    saved.save("scope-load.params.db");
    auto store = ParamStore::in_memory();
    store.set("x", at::zeros({1}));
    {
      auto guard = store.scope();
      store.set("x", at::ones({1}));
      store.erase("x");
      store.set("y", at::ones({1}));
      store.clear();
      store.load("scope-load.params.db");
      CHECK(names_of(store) == Names{"loaded"});
    }
    CHECK(names_of(store) == Names{"x"});
    CHECK(at::equal(store["x"], at::zeros({1})));
  }

  TEST_CASE("scopes nest, even within themselves, and leaving one returns to the one around it") {
    auto store = ParamStore::in_memory();
    store.set("depth", at::full({}, 0.0));
    {
      auto outer = store.scope();
      const Scope outer_scope = outer.scope();
      store.set("depth", at::full({}, 1.0));
      {
        auto inner = store.scope();
        CHECK(store.empty());
        store.set("depth", at::full({}, 2.0));
        {
          auto outer_again = store.scope(outer_scope);
          CHECK(store["depth"].item().toDouble() == 1.0);
        }
        CHECK(store["depth"].item().toDouble() == 2.0);
      }
      CHECK(store["depth"].item().toDouble() == 1.0);
    }
    CHECK(store["depth"].item().toDouble() == 0.0);
  }

  TEST_CASE("an exception inside a scope leaves the scope, and the given state is unchanged") {
    auto store = ParamStore::in_memory();
    store.set("x", at::zeros({1}));
    StateDict state;
    try {
      auto guard = store.scope(state);
      store.set("y", at::ones({1}));
      throw std::runtime_error("the training failed");
    } catch (const std::runtime_error&) {
    }
    CHECK(state.params.is_empty());
    CHECK(names_of(store) == Names{"x"});
    {
      auto guard = store.scope(state);
      CHECK(store.empty());
    }
  }

  TEST_CASE(
      "differs: by its handle a scope is found with what it held when the exception came, as each call was stored by "
      "then") {
    auto store = ParamStore::in_memory();
    std::optional<Scope> scope;
    try {
      auto guard = store.scope();
      scope = guard.scope();
      store.set("y", at::ones({1}));
      throw std::runtime_error("the training failed");
    } catch (const std::runtime_error&) {
    }
    CHECK(store.empty());
    auto guard = store.scope(*scope);
    CHECK(names_of(store) == Names{"y"});
  }

  TEST_CASE("differs: the active scope is each thread's own; Pyro's is the process's") {
    auto store = ParamStore::in_memory();
    store.set("x", at::zeros({1}));
    auto guard = store.scope();
    CHECK(store.empty());
    std::size_t seen = 0;
    std::thread([&] { seen = store.size(); }).join();
    CHECK(seen == 1);
  }

  TEST_CASE("differs: a scope may have a name, which finds it again, in another process too") {
    {
      ParamStore store("named.params.db");
      store.set("x", at::zeros({1}));
      auto guard = store.scope("fold-1");
      store.setdefault("x", at::full({2}, 3.0), constraints::positive);
    }
    ParamStore store("named.params.db");
    CHECK(store.scopes() == Names{"fold-1"});
    CHECK(at::equal(store["x"], at::zeros({1})));
    {
      auto guard = store.scope("fold-1");
      CHECK(at::allclose(store["x"], at::full({2}, 3.0)));
      CHECK_THROWS_AS(store.drop_scope("fold-1"), paramstore::Error);
    }
    CHECK(store.drop_scope("fold-1"));
    CHECK(store.scopes().empty());
    CHECK_FALSE(store.drop_scope("fold-1"));
  }

  TEST_CASE("differs: a scope belongs to its store, and another store refuses it") {
    auto store = ParamStore::in_memory();
    auto other = ParamStore::in_memory();
    auto guard = store.scope();
    const Scope scope = guard.scope();
    CHECK_THROWS_AS((void)other.scope(scope), paramstore::Error);
    CHECK(other.empty());
  }
}
