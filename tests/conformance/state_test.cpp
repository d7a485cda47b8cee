// State in and out: get_state, set_state, save and load.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <fstream>
#include <optional>
#include <string>

#include "conformance/collect.h"
#include "paramstore/error.h"
#include "paramstore/param_store.h"

using paramstore::MapLocation;
using paramstore::ParamStore;
using paramstore::StateDict;
namespace constraints = paramstore::constraints;

namespace {

ParamStore store_of_two() {
  auto store = ParamStore::in_memory();
  store.setdefault("scale", at::full({2}, 2.0), constraints::positive);
  store.setdefault("loc", at::full({3}, -1.0));
  return store;
}

}  // namespace

TEST_SUITE("state") {
  TEST_CASE("the state is the leaves and the constraints, in insertion order, under the same names") {
    const auto store = store_of_two();
    const StateDict state = store.get_state();
    CHECK(state.params.keys() == Names{"scale", "loc"});
    CHECK(state.constraints.keys() == Names{"scale", "loc"});
    CHECK(state.params["scale"].is_same(store.unconstrained("scale")));
    CHECK(state.params["loc"].is_same(store["loc"]));
    CHECK(state.constraints["scale"] == constraints::positive);
    CHECK(state.constraints["loc"] == constraints::real);
  }

  TEST_CASE("a state's dictionaries are a snapshot, its tensors are not") {
    auto store = store_of_two();
    const StateDict state = store.get_state();
    store.set("later", at::zeros({1}));
    store.erase("loc");
    CHECK(state.params.keys() == Names{"scale", "loc"});
    store.unconstrained("scale").data().fill_(5.0);
    CHECK(at::equal(state.params["scale"], at::full({2}, 5.0)));
  }

  TEST_CASE("set_state restores a cleared store: the same leaves, names and constraints") {
    auto store = store_of_two();
    const StateDict state = store.get_state();
    store.clear();
    CHECK(store.empty());
    store.set_state(state);
    CHECK(names_of(store) == Names{"scale", "loc"});
    CHECK(store.unconstrained("scale").is_same(state.params["scale"]));
    CHECK(store["loc"].is_same(state.params["loc"]));
    CHECK(store.param_name(state.params["loc"]) == "loc");
    CHECK(store.constraint("scale") == constraints::positive);
    CHECK(at::allclose(store["scale"], at::full({2}, 2.0)));
  }

  TEST_CASE("set_state adds and replaces, and removes nothing") {
    auto source = store_of_two();
    auto target = ParamStore::in_memory();
    target.set("other", at::zeros({1}));
    target.set("scale", at::zeros({7}));
    target.set_state(source.get_state());
    CHECK(names_of(target) == Names{"other", "scale", "loc"});
    CHECK(target.constraint("scale") == constraints::positive);
    CHECK(at::allclose(target["scale"], at::full({2}, 2.0)));
    CHECK(at::equal(target["other"], at::zeros({1})));
  }

  TEST_CASE("the empty state changes nothing") {
    auto store = store_of_two();
    const StateDict empty;
    store.set_state(empty);
    CHECK(names_of(store) == Names{"scale", "loc"});
  }

  TEST_CASE(
      "differs: a leaf that fits stays and gets the state's contents; in Pyro the state's tensor takes its place") {
    auto store = store_of_two();
    const auto leaf = store.unconstrained("loc");
    auto other = ParamStore::in_memory();
    other.set("loc", at::full({3}, 8.0));
    store.set_state(other.get_state());
    CHECK(store.unconstrained("loc").is_same(leaf));
    CHECK(at::equal(leaf, at::full({3}, 8.0)));
  }

  TEST_CASE(
      "differs: a tensor that could not be moved by an optimizer is copied into a leaf that can; Pyro stores it as it "
      "is") {
    StateDict state;
    state.params.insert("x", at::zeros({2}));
    state.constraints.insert("x", constraints::real);
    auto store = ParamStore::in_memory();
    store.set_state(state);
    CHECK(store["x"].requires_grad());
    CHECK_FALSE(store["x"].is_same(state.params["x"]));
  }

  TEST_CASE(
      "a malformed state is an error and changes nothing; differs: Pyro sees only that one of the dictionaries is "
      "missing") {
    auto store = store_of_two();
    StateDict without_constraint;
    without_constraint.params.insert("x", at::zeros({2}));
    CHECK_THROWS_AS(store.set_state(without_constraint), paramstore::Error);
    StateDict without_param;
    without_param.constraints.insert("x", constraints::positive);
    CHECK_THROWS_AS(store.set_state(without_param), paramstore::Error);
    StateDict half_bad;
    half_bad.params.insert("loc", at::zeros({3}));
    half_bad.params.insert("bad", at::zeros({3}, at::kInt));
    half_bad.constraints.insert("loc", constraints::real);
    half_bad.constraints.insert("bad", constraints::real);
    CHECK_THROWS_AS(store.set_state(half_bad), paramstore::UnsupportedTensor);
    CHECK(names_of(store) == Names{"scale", "loc"});
    CHECK(at::equal(store["loc"], at::full({3}, -1.0)));
  }
}

TEST_SUITE("save and load") {
  TEST_CASE("a cleared store loads what was saved: names, order, values, constraints") {
    auto store = store_of_two();
    store.save("saved.params.db");
    CHECK(store.size() == 2);
    store.clear();
    CHECK(store.empty());
    store.load("saved.params.db");
    CHECK(names_of(store) == Names{"scale", "loc"});
    CHECK(at::allclose(store["scale"], at::full({2}, 2.0)));
    CHECK(at::equal(store["loc"], at::full({3}, -1.0)));
    CHECK(store.constraint("scale") == constraints::positive);
    CHECK(store.param_name(store.unconstrained("scale")) == "scale");
    CHECK(store["loc"].requires_grad());
  }

  TEST_CASE("save writes what memory holds, even if it was not committed") {
    auto store = store_of_two();
    store["loc"].data().fill_(0.5);
    store.save("pending.params.db");
    ParamStore other("pending.params.db");
    CHECK(at::equal(other["loc"], at::full({3}, 0.5)));
  }

  TEST_CASE("loading adds and replaces, and removes nothing") {
    store_of_two().save("two.params.db");
    auto store = ParamStore::in_memory();
    store.set("other", at::zeros({1}));
    store.set("loc", at::zeros({3}));
    store.set("scale", at::zeros({9}));
    store.load("two.params.db");
    CHECK(names_of(store) == Names{"other", "loc", "scale"});
    CHECK(at::equal(store["loc"], at::full({3}, -1.0)));
    CHECK(store.constraint("scale") == constraints::positive);
  }

  TEST_CASE(
      "differs: an optimizer goes on with what was loaded, as a leaf that fits stays; in Pyro it keeps the old "
      "leaves") {
    auto store = store_of_two();
    store.save("kept.params.db");
    const auto leaf = store.unconstrained("loc");
    store["loc"].data().fill_(9.0);
    store.load("kept.params.db");
    CHECK(store.unconstrained("loc").is_same(leaf));
    CHECK(at::equal(leaf, at::full({3}, -1.0)));
  }

  TEST_CASE("a file saved before is replaced") {
    auto store = store_of_two();
    store.save("twice.params.db");
    store.erase("loc");
    store.save("twice.params.db");
    auto other = ParamStore::in_memory();
    other.load("twice.params.db");
    CHECK(names_of(other) == Names{"scale"});
  }

  TEST_CASE(
      "differs: save writes a store file, which can be opened too, and refuses to replace a file of another kind") {
    auto store = store_of_two();
    store.save("open.params.db");
    ParamStore opened("open.params.db");
    CHECK(names_of(opened) == Names{"scale", "loc"});
    std::ofstream("notes.txt") << "no store";
    CHECK_THROWS_AS(store.save("notes.txt"), paramstore::NotAStore);
  }

  TEST_CASE("a file that is missing or is not a store is an error and changes nothing") {
    auto store = store_of_two();
    std::ofstream("other.txt") << std::string(5000, 'x');
    CHECK_THROWS_AS(store.load("missing.params.db"), paramstore::Error);
    CHECK_THROWS_AS(store.load("other.txt"), paramstore::NotAStore);
    CHECK(names_of(store) == Names{"scale", "loc"});
    CHECK_FALSE(std::ifstream("missing.params.db").good());
  }

  TEST_CASE("map_location is a device, its name, a map from name to name, or a function") {
    store_of_two().save("mapped.params.db");
    int asked = 0;
    const auto by_location = [&asked](const std::string& location) {
      ++asked;
      CHECK(location == "cpu");
      return std::string("cpu");
    };
    const auto by_value = [&asked](const at::Tensor& value, const std::string&) -> std::optional<at::Device> {
      ++asked;
      CHECK(value.defined());
      return std::nullopt;
    };
    for (const MapLocation& location : {MapLocation(at::kCPU), MapLocation(at::Device("cpu")), MapLocation("cpu"),
                                        MapLocation(MapLocation::Map{{"cuda:1", "cpu"}}), MapLocation(by_location),
                                        MapLocation(by_value), MapLocation()}) {
      auto store = ParamStore::in_memory();
      store.load("mapped.params.db", location);
      CHECK(at::allclose(store["scale"], at::full({2}, 2.0)));
      CHECK(store["scale"].device() == at::kCPU);
    }
    CHECK(asked == 4);  // two functions, two parameters
  }

  TEST_CASE("a map_location that this machine does not have is an error and changes nothing") {
    store_of_two().save("elsewhere.params.db");
    auto store = ParamStore::in_memory();
    CHECK_THROWS_AS(store.load("elsewhere.params.db", "cuda:77"), paramstore::Error);
    CHECK_THROWS(store.load("elsewhere.params.db", "no device"));
    CHECK(store.empty());
  }
}
