// The dict interface, as a user meets it first.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "store/temporary_store.h"

namespace {

using paramstore::ParamStore;
namespace constraints = paramstore::constraints;

TEST_CASE("a parameter is in the file before the call returns, and is found when the store is reopened") {
  TemporaryStore file;
  {
    ParamStore store(file.path());
    CHECK(store.empty());
    const auto loc = store.setdefault("loc", at::zeros({2, 3}));
    const auto scale = store.setdefault("scale", at::full({4}, 2.0), constraints::positive);
    CHECK(loc.is_same(store.unconstrained("loc")));
    CHECK(loc.requires_grad());
    CHECK(loc.is_leaf());
    CHECK(scale.unconstrained().is_same(store.unconstrained("scale")));
    CHECK(at::allclose(scale, at::full({4}, 2.0)));
    CHECK(at::allclose(scale.unconstrained(), at::full({4}, 2.0).log()));

    ParamStore other(file.path());
    CHECK(other.size() == 2);
    CHECK(at::equal(other["scale"], scale));
  }
  ParamStore again(file.path());
  CHECK(again.size() == 2);
  CHECK(again.constraint("scale") == constraints::positive);
  CHECK(at::allclose(again["scale"], at::full({4}, 2.0)));
  CHECK(again["loc"].sizes() == at::IntArrayRef({2, 3}));
  CHECK_THROWS_AS(again["nothing"], paramstore::ParamNotFound);
}

TEST_CASE("items, keys and values come in insertion order; erased and added again is last") {
  ParamStore store = ParamStore::in_memory();
  for (const char* name : {"b", "a", "c"}) store.setdefault(name, at::ones({1}));
  CHECK(store.erase("b"));
  CHECK_FALSE(store.erase("b"));
  store.set("b", at::zeros({1}));
  std::vector<std::string> names;
  for (auto [name, value] : store.items()) {
    names.push_back(name);
    CHECK(value.defined());
  }
  CHECK(names == std::vector<std::string>{"a", "c", "b"});
  const auto keys = store.keys();
  CHECK(std::vector<std::string>(keys.begin(), keys.end()) == names);
  CHECK(std::distance(store.values().begin(), store.values().end()) == 3);
}

TEST_CASE("set copies into the existing leaf, so an optimizer keeps moving the parameter") {
  TemporaryStore file;
  ParamStore store(file.path());
  store.setdefault("w", at::zeros({3}));
  const auto leaf = store.unconstrained("w");
  store.set("w", at::full({3}, 5.0));
  CHECK(store.unconstrained("w").is_same(leaf));
  CHECK(at::equal(leaf, at::full({3}, 5.0)));
  store.set("w", at::zeros({2}));  // another shape
  CHECK_FALSE(store.unconstrained("w").is_same(leaf));
  CHECK(store["w"].sizes() == at::IntArrayRef({2}));
}

TEST_CASE("commit writes what changed in place, however it changed, and nothing else") {
  TemporaryStore file;
  ParamStore store(file.path());
  store.setdefault("counted", at::zeros({3}));
  store.setdefault("data", at::zeros({3}));
  store.setdefault("raw", at::zeros({3}));
  store.setdefault("still", at::zeros({3}));
  const auto before = store.revision();
  CHECK(store.commit() == before);
  {
    at::NoGradGuard no_grad;
    store.unconstrained("counted").add_(1);
  }
  store.unconstrained("data").data().add_(2);
  store.unconstrained("raw").data_ptr<float>()[1] = 3;
  CHECK(store.commit() == before + 1);
  CHECK(store.commit() == before + 1);
  ParamStore other(file.path());
  CHECK(at::equal(other["counted"], at::ones({3})));
  CHECK(at::equal(other["data"], at::full({3}, 2.0)));
  CHECK(other["raw"][1].item().toFloat() == 3);
  CHECK(at::equal(other["still"], at::zeros({3})));
}

TEST_CASE("a batch is one transaction: all of it, or none") {
  TemporaryStore file;
  ParamStore store(file.path());
  store.setdefault("a", at::zeros({2}));
  const auto leaf = store.unconstrained("a");
  const auto before = store.revision();
  {
    auto batch = store.batch();
    store.set("a", at::ones({2}));
    batch.set("b", at::ones({1}));
    CHECK(at::equal(store["a"], at::ones({2})));
    CHECK_THROWS_AS(store.set("a", at::full({2}, std::nan(""))), paramstore::ConstraintViolation);
    CHECK(store.contains("b"));
  }
  CHECK(store.unconstrained("a").is_same(leaf));
  CHECK(at::equal(leaf, at::zeros({2})));
  CHECK_FALSE(store.contains("b"));
  CHECK(store.revision() == before);
  {
    auto batch = store.batch();
    store.set("a", at::ones({2}));
    store.set("b", at::ones({1}));
    CHECK(batch.commit() == before + 1);
  }
  ParamStore other(file.path());
  CHECK(at::equal(other["a"], at::ones({2})));
  CHECK(other.contains("b"));
}

TEST_CASE("two stores on one file: stale commits are refused, refresh picks up theirs, overwrite keeps ours") {
  TemporaryStore file;
  ParamStore ours(file.path());
  ours.setdefault("w", at::zeros({2}));
  ours.setdefault("v", at::zeros({2}));
  ParamStore theirs(file.path());
  theirs.set("w", at::ones({2}));
  ours.unconstrained("w").data().add_(7);
  ours.unconstrained("v").data().add_(7);
  try {
    ours.commit();
    FAIL("expected StaleParam");
  } catch (const paramstore::StaleParam& error) {
    CHECK(error.names() == std::vector<std::string>{"w"});
  }
  CHECK(at::equal(ParamStore(file.path())["v"], at::zeros({2})));

  SUBCASE("refresh") {
    const auto leaf = ours.unconstrained("w");
    const auto result = ours.refresh();
    CHECK(result.changed == std::vector<std::string>{"w"});
    CHECK(ours.unconstrained("w").is_same(leaf));
    CHECK(at::equal(leaf, at::ones({2})));
    CHECK(ours.refresh().empty());
    ours.commit();
    CHECK(at::equal(ParamStore(file.path())["v"], at::full({2}, 7)));
  }
  SUBCASE("overwrite") {
    ours.commit(paramstore::Conflict::overwrite);
    CHECK(at::equal(ParamStore(file.path())["w"], at::full({2}, 7)));
  }
}

TEST_CASE("a name too long for the string's own memory is found after a commit of its leaf") {
  TemporaryStore file;
  ParamStore store(file.path());
  const std::string name = "encoder.layers.0.self_attention.query.weight";
  store.setdefault(name, at::zeros({2}));
  store.unconstrained(name).data().add_(1);
  store.commit();
  CHECK(store.contains(name));
  CHECK(at::equal(store[name], at::ones({2})));
}

TEST_CASE("refresh keeps the leaf of a parameter that another store erased and added again") {
  TemporaryStore file;
  ParamStore ours(file.path());
  ours.setdefault("w", at::zeros({2}));
  ours.setdefault("v", at::zeros({2}));
  const auto leaf = ours.unconstrained("w");
  ParamStore theirs(file.path());
  theirs.erase("w");
  theirs.setdefault("w", at::ones({2}));
  const auto result = ours.refresh();
  CHECK(result.changed == std::vector<std::string>{"w"});
  CHECK(result.added.empty());
  CHECK(result.removed.empty());
  CHECK(ours.unconstrained("w").is_same(leaf));
  CHECK(at::equal(leaf, at::ones({2})));
  const auto keys = ours.keys();
  CHECK(std::vector<std::string>(keys.begin(), keys.end()) == std::vector<std::string>{"v", "w"});
}

TEST_CASE("a call that has to read the file also picks up other changes, but never overwrites pending ones") {
  TemporaryStore file;
  ParamStore ours(file.path());
  for (const char* name : {"a", "b", "c"}) ours.setdefault(name, at::zeros({2}));
  ParamStore theirs(file.path());
  theirs.set("a", at::ones({2}));
  theirs.set("b", at::ones({2}));
  theirs.erase("c");
  theirs.set("d", at::ones({2}));
  ours.unconstrained("b").data().add_(5);
  ours.unconstrained("c").data().add_(5);
  CHECK(at::equal(ours["a"], at::zeros({2})));
  CHECK(ours.contains("d"));  // not in memory: looks into the file
  CHECK(at::equal(ours["a"], at::ones({2})));
  CHECK(at::equal(ours["b"], at::full({2}, 5.0)));
  CHECK(at::equal(ours["c"], at::full({2}, 5.0)));
  try {
    ours.commit();
    FAIL("expected StaleParam");
  } catch (const paramstore::StaleParam& error) {
    CHECK(error.names() == std::vector<std::string>{"b", "c"});
  }
  SUBCASE("refresh takes theirs, and tells of all of it") {
    const auto result = ours.refresh();
    CHECK(result.added == std::vector<std::string>{"d"});
    CHECK(result.changed == std::vector<std::string>{"a", "b"});
    CHECK(result.removed == std::vector<std::string>{"c"});
    CHECK_FALSE(ours.contains("c"));
  }
  SUBCASE("overwrite keeps ours, the removed one too") {
    ours.commit(paramstore::Conflict::overwrite);
    ParamStore again(file.path());
    CHECK(at::equal(again["b"], at::full({2}, 5.0)));
    CHECK(at::equal(again["c"], at::full({2}, 5.0)));
    CHECK(ours.refresh().removed.empty());
  }
}

TEST_CASE("a state whose values are the store's own leaves is set as it was given") {
  TemporaryStore file;
  ParamStore store(file.path());
  store.setdefault("a", at::full({2}, 1.0));
  store.setdefault("b", at::full({2}, 2.0));
  store.setdefault("rows", at::arange(4.0));
  const at::Tensor a = store.unconstrained("a"), b = store.unconstrained("b");
  paramstore::StateDict state;
  const auto give = [&](const std::string& name, const at::Tensor& value) {
    state.params.insert(name, value);
    state.constraints.insert(name, constraints::real);
  };
  give("a", b);
  give("b", a);
  give("rows", store.unconstrained("rows").detach().flip(0));
  give("both", a);
  store.set_state(state);
  CHECK(at::equal(store["a"], at::full({2}, 2.0)));
  CHECK(at::equal(store["b"], at::full({2}, 1.0)));
  CHECK(at::equal(store["both"], at::full({2}, 1.0)));
  CHECK(at::equal(store["rows"], at::arange(4.0).flip(0)));
  CHECK(store.unconstrained("a").is_same(a));
  CHECK(store.unconstrained("b").is_same(b));
  ParamStore other(file.path());
  for (auto [name, value] : store.items()) CHECK(at::equal(value, other[name]));
}

TEST_CASE("setdefault that throws in the constraint's transform creates nothing") {
  const auto one_way = paramstore::register_constraint(
      "one_way", {0, false, [](const at::Tensor& value) { return value == value; },
                  [](const at::Tensor&) -> at::Tensor { throw std::runtime_error("forward"); },
                  [](const at::Tensor& value) { return value + 1; }});
  ParamStore store = ParamStore::in_memory();
  CHECK_THROWS_AS(store.setdefault("w", at::ones({1}), one_way), std::runtime_error);
  CHECK_FALSE(store.contains("w"));
  CHECK(store.revision() == 0);
}

TEST_CASE("match finds each name once, whatever another thread erases and adds at the same time") {
  ParamStore store = ParamStore::in_memory();
  constexpr int count = 300;
  for (int i = 0; i < count; ++i) store.set("w" + std::to_string(i), at::ones({1}));
  std::atomic<bool> stop{false};
  std::thread other([&] {
    for (int i = 0; !stop; ++i) {
      const std::string name = "w" + std::to_string(i % count);
      store.erase(name);
      store.set(name, at::ones({1}));
    }
  });
  for (int i = 0; i < 100; ++i) CHECK_NOTHROW(store.match("w"));
  stop = true;
  other.join();
}

TEST_CASE("an iteration ends with the parameters that were there when it was made") {
  ParamStore store = ParamStore::in_memory();
  for (const char* name : {"a", "b", "c"}) store.set(name, at::ones({1}));
  int reached = 0;
  for (auto [name, value] : store.items()) {
    REQUIRE(++reached <= 3);
    store.erase(name);
    store.set(name, value * 2);
  }
  CHECK(reached == 3);
  for (auto [name, value] : store.items()) CHECK(at::equal(value, at::full({1}, 2.0)));
}

TEST_CASE("the leaf outlives its Param") {
  static_assert(std::is_same_v<decltype(std::declval<paramstore::Param>().unconstrained()), at::Tensor>);
  static_assert(std::is_same_v<decltype(std::declval<const paramstore::Param&>().unconstrained()), const at::Tensor&>);
  ParamStore store = ParamStore::in_memory();
  store.setdefault("scale", at::ones({1}), constraints::positive);
  const at::Tensor& leaf = store["scale"].unconstrained();
  CHECK(at::equal(leaf, at::zeros({1})));
}

TEST_CASE("a stale set or erase says how to repeat it") {
  TemporaryStore file;
  ParamStore ours(file.path());
  ours.setdefault("w", at::zeros({2}));
  ParamStore(file.path()).set("w", at::ones({2}));
  const auto advises = [](const auto& call) {
    try {
      call();
      FAIL("expected StaleParam");
    } catch (const paramstore::StaleParam& error) {
      const std::string message = error.what();
      CHECK(message.find("refresh()") != std::string::npos);
      CHECK(message.find("repeat the call") != std::string::npos);
      CHECK(message.find("commit") == std::string::npos);
    }
  };
  SUBCASE("set") {
    advises([&] { ours.set("w", at::full({2}, 5.0)); });
    ours.refresh();
    ours.set("w", at::full({2}, 5.0));
    CHECK(at::equal(ParamStore(file.path())["w"], at::full({2}, 5.0)));
  }
  SUBCASE("erase") {
    advises([&] { ours.erase("w"); });
    ours.refresh();
    CHECK(ours.erase("w"));
    CHECK(ParamStore(file.path()).empty());
  }
  SUBCASE("commit may overwrite") {
    ours.unconstrained("w").data().add_(5);
    CHECK_THROWS_WITH_AS(ours.commit(), doctest::Contains("commit(Conflict::overwrite)"), paramstore::StaleParam);
  }
}

TEST_CASE("a name that does not exist is answered with the nearest that does") {
  TemporaryStore file;
  {
    ParamStore made(file.path());
    made.set("encoder.weight", at::zeros({2}));
    made.set("encoder.bias", at::zeros({2}));
  }
  ParamStore store(file.path());  // nothing is in memory yet
  using doctest::Contains;
  using paramstore::ParamNotFound;
  CHECK_THROWS_WITH_AS(store["encoder.wieght"], Contains("did you mean 'encoder.weight'?"), ParamNotFound);
  CHECK_THROWS_WITH_AS(store.unconstrained("Encoder.bias"), Contains("'encoder.bias'?"), ParamNotFound);
  CHECK_THROWS_WITH_AS(store.constraint("encoder.weigth"), Contains("'encoder.weight'?"), ParamNotFound);
  try {
    store["decoder"];
    FAIL("expected ParamNotFound");
  } catch (const ParamNotFound& error) {
    CHECK(std::string(error.what()).find("did you mean") == std::string::npos);
  }
}

TEST_CASE("an error about a scope's name speaks of a scope") {
  TemporaryStore file;
  ParamStore store(file.path());
  auto memory = ParamStore::in_memory();
  for (ParamStore* each : {&store, &memory}) {
    CHECK_THROWS_WITH_AS(static_cast<void>(each->scope("")), doctest::Contains("scope's name is empty"),
                         paramstore::InvalidName);
    CHECK_THROWS_WITH_AS(static_cast<void>(each->scope("\xff")), doctest::Contains("the scope name"),
                         paramstore::InvalidName);
    CHECK_THROWS_WITH_AS(each->drop_scope(""), doctest::Contains("scope's name is empty"), paramstore::InvalidName);
  }
}

}  // namespace
