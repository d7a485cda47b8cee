// Changes that others make to the file at the same time, in cases that are easy to get wrong.
#include <ATen/ATen.h>

#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "store/temporary_store.h"
#include "store/warnings.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>
#include <sqlite3.h>

namespace {

using namespace paramstore;

std::vector<std::string> names_of(ParamStore& store) {
  const KeyRange keys = store.keys();
  return {keys.begin(), keys.end()};
}

TEST_CASE("a row that reuses the id of an erased one is another parameter, with its own leaf") {
  TemporaryStore file;
  ParamStore ours(file.path());
  ours.setdefault("a", at::zeros({3}));
  const at::Tensor a = ours.unconstrained("a");
  ParamStore theirs(file.path());
  theirs.erase("a");
  theirs.set("b", at::ones({3}));  // SQLite gives it the id of "a"

  SUBCASE("refreshed") {
    const auto result = ours.refresh();
    CHECK(result.removed == std::vector<std::string>{"a"});
    CHECK(result.added == std::vector<std::string>{"b"});
    CHECK_FALSE(ours.unconstrained("b").is_same(a));
    CHECK(at::equal(a, at::zeros({3})));  // a tensor handed out stays what it was
    CHECK(ours.param_name(a) == std::nullopt);
  }
  SUBCASE("while ours is pending") {
    a.data().add_(5);
    CHECK(ours.contains("b"));
    CHECK(names_of(ours) == std::vector<std::string>{"b", "a"});  // a parameter without a row comes last
    CHECK(at::equal(ours["a"], at::full({3}, 5.0)));
    CHECK_THROWS_AS(ours.commit(), StaleParam);
    ours.commit(Conflict::overwrite);
    CHECK(names_of(theirs) == std::vector<std::string>{"b", "a"});
    CHECK(at::equal(theirs["a"], at::full({3}, 5.0)));
    CHECK(ours.unconstrained("a").is_same(a));
  }
}

TEST_CASE("refresh reads the values that changed, and no others") {
  TemporaryStore file;
  {
    ParamStore made(file.path());
    made.setdefault("a", at::zeros({3}));
    made.setdefault("b", at::zeros({3}));
  }
  ParamStore ours(file.path());
  CHECK(ours.parameters().size() == 2);
  // Behind the schema's back "a" gets a checksum that whoever reads its value must stumble over.
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(file.path().c_str(), &other) == SQLITE_OK);
  sqlite3_db_config(other, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  REQUIRE(sqlite3_exec(other, "UPDATE params SET checksum = 1 WHERE name = 'a'", nullptr, nullptr, nullptr) ==
          SQLITE_OK);
  sqlite3_close(other);
  CHECK(ours.refresh().empty());
  ParamStore theirs(file.path());
  theirs.set("b", at::ones({3}));
  CHECK(ours.refresh().changed == std::vector<std::string>{"b"});
  CHECK(at::equal(ours["b"], at::ones({3})));
  CHECK_THROWS_AS(theirs["a"], CorruptStore);
}

TEST_CASE("save writes what is in memory, even if the file has newer values") {
  const CapturedWarnings silence;  // of the end, which cannot commit
  TemporaryStore file;
  ParamStore ours(file.path());
  ours.setdefault("a", at::zeros({3}));
  ours.unconstrained("a").data().add_(1);
  ParamStore theirs(file.path());
  theirs.set("a", at::full({3}, 9.0));
  SUBCASE("pending") { CHECK(names_of(ours).size() == 1); }
  SUBCASE("pending when it was looked at, and since then as it was read") {
    CHECK(names_of(ours).size() == 1);
    ours.unconstrained("a").data().zero_();
  }
  ours.save(file.folder() / "copy.db");
  CHECK(at::equal(ParamStore(file.folder() / "copy.db")["a"], ours["a"]));
}

TEST_CASE("clear in a dropped batch keeps parameters that had not been read yet") {
  TemporaryStore file;
  ParamStore(file.path()).setdefault("a", at::ones({3}));
  ParamStore store(file.path());
  {
    auto batch = store.batch();
    store.clear();
    CHECK(names_of(store).empty());
  }
  CHECK(names_of(store) == std::vector<std::string>{"a"});
  CHECK(at::equal(store["a"], at::ones({3})));
}

TEST_CASE("with commit_every, refresh and commit resolve what makes every other call stale") {
  TemporaryStore file;
  ParamStore ours(file.path(), StoreOptions().commit_every(std::chrono::nanoseconds(1)));
  ours.setdefault("a", at::zeros({3}));
  ours.unconstrained("a").data().add_(1);
  ParamStore theirs(file.path());
  theirs.set("a", at::full({3}, 9.0));
  CHECK_THROWS_AS(static_cast<void>(ours.contains("a")), StaleParam);
  SUBCASE("refresh") {
    CHECK(ours.refresh().changed == std::vector<std::string>{"a"});
    CHECK(at::equal(ours["a"], at::full({3}, 9.0)));
  }
  SUBCASE("overwrite") {
    ours.commit(Conflict::overwrite);
    CHECK(at::equal(ours["a"], at::ones({3})));
  }
}

TEST_CASE("a guard that ends before a later one leaves the later scope active") {
  ParamStore store = ParamStore::in_memory();
  std::optional<ScopeGuard> first(store.scope("s"));
  const auto second = store.scope("t");
  const auto third = store.scope("s");
  store.set("w", at::ones({1}));
  first.reset();
  CHECK(store.contains("w"));  // still in "s", by the third
}

TEST_CASE("a parameter without elements is clean after it was read") {
  TemporaryStore file;
  ParamStore(file.path()).setdefault("nothing", at::zeros({0, 3}));
  ParamStore store(file.path());
  CHECK(store.parameters().size() == 1);
  CHECK(store.commit() == store.revision());
  CHECK(store.revision() == 1);
}

TEST_CASE("a leaf that gets other data inside a batch has its own data again after the batch is dropped") {
  ParamStore store = ParamStore::in_memory();
  store.setdefault("a", at::zeros({3}));
  const at::Tensor leaf = store.unconstrained("a");
  {
    auto batch = store.batch();
    store.set("a", at::ones({3}));
    leaf.set_data(at::ones({2, 2}));
  }
  CHECK(store.unconstrained("a").is_same(leaf));
  CHECK(at::equal(leaf, at::zeros({3})));
}

TEST_CASE("a name that was listed here and then erased by others does not exist") {
  TemporaryStore file;
  {
    ParamStore made(file.path());
    for (const char* name : {"a", "w", "z"}) made.setdefault(name, at::ones({2}));
  }
  ParamStore ours(file.path());
  CHECK(names_of(ours).size() == 3);
  const ItemRange items = ours.items();
  const ValueRange values = ours.values();
  ParamStore(file.path()).erase("w");

  SUBCASE("setdefault makes it") { CHECK(at::equal(ours.setdefault("w", at::zeros({2})), at::zeros({2}))); }
  SUBCASE("get_param makes it") { CHECK(at::equal(ours.get_param("w", at::zeros({2})), at::zeros({2}))); }
  SUBCASE("match passes over it") { CHECK(ours.match(".").size() == 2); }
  SUBCASE("items passes over it") {
    std::vector<std::string> names;
    for (auto [name, value] : items) names.push_back(name);
    CHECK(names == std::vector<std::string>{"a", "z"});
  }
  SUBCASE("values passes over it") { CHECK(std::distance(values.begin(), values.end()) == 2); }
  SUBCASE("asking for it alone is an error") {
    CHECK_THROWS_AS(ours["w"], ParamNotFound);
    CHECK_THROWS_AS(ours.unconstrained("w"), ParamNotFound);
  }
}

TEST_CASE("setdefault finds what its init has left pending, even if others have erased the row") {
  TemporaryStore file;
  ParamStore ours(file.path());
  const at::Tensor value = ours.setdefault("w", [&] {
    ours.setdefault("w", at::zeros({1})).data().add_(5);
    ParamStore(file.path()).erase("w");
    CHECK_FALSE(ours.contains("none"));  // takes in that the row is gone
    return at::ones({1});
  });
  CHECK(value.item().toFloat() == 5);
  CHECK(names_of(ours) == std::vector<std::string>{"w"});
  CHECK(ours.size() == 1);
  CHECK_THROWS_AS(ours.commit(), StaleParam);
  ours.commit(Conflict::overwrite);
  CHECK(ParamStore(file.path())["w"].item().toFloat() == 5);
}

TEST_CASE("refresh reports each name's net change, however many calls have read the file in between") {
  TemporaryStore file;
  ParamStore ours(file.path());
  for (const char* name : {"again", "altered", "gone"}) ours.set(name, at::ones({1}));
  ParamStore theirs(file.path());
  const auto look = [&] { CHECK_FALSE(ours.contains("none")); };
  theirs.set("new", at::ones({1}));
  theirs.set("passing", at::ones({1}));
  theirs.erase("again");
  theirs.set("gone", at::zeros({1}));
  theirs.set("altered", at::zeros({1}));
  look();
  theirs.set("new", at::zeros({1}));
  theirs.erase("passing");
  theirs.set("again", at::zeros({1}));
  theirs.erase("gone");
  theirs.set("altered", at::ones({1}));
  look();
  const RefreshResult result = ours.refresh();
  CHECK(result.added == std::vector<std::string>{"new"});
  CHECK(result.changed == std::vector<std::string>{"altered", "again"});
  CHECK(result.removed == std::vector<std::string>{"gone"});
  CHECK(ours.refresh().empty());
}

TEST_CASE("destroying a store commits every scope that it can, and warns of each that it cannot") {
  TemporaryStore file;
  const CapturedWarnings warnings;
  {
    ParamStore ours(file.path());
    const at::Tensor w = ours.setdefault("w", at::zeros({1}));
    for (const char* scope : {"fold-1", "fold-2", "fold-3"}) {
      auto guard = ours.scope(scope);
      ours.setdefault("v", at::zeros({1})).data().add_(5);
    }
    {
      ParamStore theirs(file.path());
      theirs.set("w", at::ones({1}));
      auto guard = theirs.scope("fold-2");
      theirs.set("v", at::ones({1}));
    }
    w.data().add_(7);
    SUBCASE("after close") {
      CHECK_THROWS_AS(ours.close(), StaleParam);
      auto guard = ours.scope("fold-1");  // still open
      ParamStore theirs(file.path());
      auto their_guard = theirs.scope("fold-3");
      CHECK(theirs["v"].item().toFloat() == 5);
    }
    SUBCASE("alone") {}
  }
  REQUIRE(warnings.messages.size() == 2);
  CHECK(warnings.messages[0].find(file.path().string()) != std::string::npos);
  CHECK(warnings.messages[1].find("fold-2") != std::string::npos);
  ParamStore after(file.path());
  CHECK(after["w"].item().toFloat() == 1);
  const float expected[] = {5, 1, 5};
  for (int i = 0; i < 3; ++i) {
    auto guard = after.scope("fold-" + std::to_string(i + 1));
    CHECK(after["v"].item().toFloat() == expected[i]);
  }
}

}  // namespace
