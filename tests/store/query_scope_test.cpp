// ParamStore::query: scopes under their names, and stores in memory.
#include <ATen/ATen.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/paramstore.h"
#include "store/query_support.h"
#include "store/temporary_store.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>

namespace {

using namespace paramstore;

TEST_CASE("a statement can join the store with its scopes, from inside them and from outside") {
  TemporaryStore file;
  ParamStore store = small_store(file);
  {
    const auto guard = store.scope("fold-1");
    store.setdefault("w", at::ones({3}));
    store.setdefault("only here", at::ones({1}));
    const auto nested = store.scope("fold-2");
    store.setdefault("w", at::full({3}, 5.0));
    CHECK(store
              .query("SELECT tensor_l2_distance(a.value, a.dtype, b.value, b.dtype) "
                     "FROM main.params AS a JOIN \"fold-1\".params AS b USING (name)")
              .one()
              .get<double>(0) == doctest::Approx(std::sqrt(2.0)));
    CHECK(count_of_params(store) == 3);  // without a schema it is the store
    CHECK(number(store, "SELECT count(*) FROM \"fold-1\".params JOIN \"fold-2\".params USING (name)") == 1);
  }
  CHECK(number(store, "SELECT count(*) FROM [fold-1].params") == 2);
  CHECK(column(store, "SELECT name FROM param_stats('fold-2')") == "w");
  CHECK(column(store, "SELECT name FROM param_stats(?)", "fold-2") == "w");
  store.close();
  const ParamStore again(file.path(), StoreOptions().read_only(true));
  CHECK(number(again, "SELECT count(*) FROM \"fold-1\".params") == 2);  // nobody has entered it
  CHECK_THROWS_AS(again.query("SELECT count(*) FROM \"fold-3\".params"), StorageError);
  CHECK_FALSE(std::filesystem::exists(file.folder() / "model.params.scopes" / "fold-3.params.db"));
}

TEST_CASE("a store in memory has small pages, and what it saves has a file's") {
  TemporaryStore file;
  ParamStore store = ParamStore::in_memory();
  store.setdefault("w", at::ones({100'000}));
  CHECK(number(store, "PRAGMA page_size") == 4096);
  store.save(file.path());
  const ParamStore saved(file.path());
  CHECK(number(saved, "PRAGMA page_size") == 65536);
  CHECK(at::equal(saved.unconstrained("w"), at::ones({100'000})));
}

TEST_CASE("scopes with any name, and more of them than SQLite can attach") {
  TemporaryStore file;
  ParamStore store = small_store(file, StoreOptions().durability(Durability::process_crash));
  const std::vector<std::string> names{"a\"b", "it's", "../x", "select", "MAIN", "temp", "Fold"};
  for (const std::string& name : names) {
    const auto guard = store.scope(name);
    store.setdefault("in " + name, at::ones({1}));
  }
  for (int i = 0; i < 20; ++i) {
    const auto guard = store.scope("s" + std::to_string(i));
    store.setdefault("w", at::full({1}, static_cast<double>(i)));
  }
  CHECK(column(store, "SELECT name FROM \"a\"\"b\".params") == "in a\"b");
  CHECK(column(store, "SELECT name FROM \"it's\".params") == "in it's");
  CHECK(column(store, "SELECT name FROM param_stats('it''s')") == "in it's");
  CHECK(column(store, "SELECT name FROM \"../x\".params") == "in ../x");
  CHECK(column(store, "SELECT name FROM \"select\".params") == "in select");
  CHECK(column(store, "SELECT name FROM Fold.params") == "in Fold");
  CHECK(number(store, "SELECT count(*) FROM MAIN.params") == 3);  // `main` is the store, in any case
  for (int i = 0; i < 20; ++i) {
    const std::string scope = "s" + std::to_string(i);
    CHECK(store.query("SELECT mean FROM param_stats WHERE schema = ?", scope).one().get<double>(0) == i);
  }
  std::string all = "SELECT count(*) FROM s0.params";
  for (int i = 1; i < 11; ++i) all += ", s" + std::to_string(i) + ".params";
  CHECK(contains(message_of<StorageError>([&] { store.query(all); }), "10"));
}

TEST_CASE("SQL finds a scope's name in upper and lower case") {
  TemporaryStore file;
  ParamStore store = small_store(file);
  for (const char* name : {"FOLD2", "fold1", "fold2", "it's"}) {
    const auto guard = store.scope(name);
    store.setdefault(std::string("in ") + name, at::ones({1}));
  }
  CHECK(column(store, "SELECT name FROM FOLD1.params") == "in fold1");
  CHECK(column(store, "SELECT name FROM \"Fold1\".params") == "in fold1");
  CHECK(column(store, "SELECT name FROM param_stats('FOLD1')") == "in fold1");
  CHECK(column(store, "SELECT name FROM param_stats(?)", "Fold1") == "in fold1");
  CHECK(column(store, "SELECT name FROM param_stats('IT''S')") == "in it's");
  // Where several would do, the one that is written so.
  CHECK(column(store, "SELECT name FROM fold2.params") == "in fold2");
  CHECK(column(store, "SELECT name FROM FOLD2.params") == "in FOLD2");
  CHECK(column(store, "SELECT name FROM param_stats(?)", "fold2") == "in fold2");
  {
    const auto guard = store.scope();
    store.setdefault("w", at::zeros({3}));
    CHECK(column(store, "SELECT name FROM SCOPE.params") == "w");
  }
}

TEST_CASE("queries see an anonymous scope as `scope` on the thread that is in it") {
  TemporaryStore file;
  ParamStore store = small_store(file);
  {
    const auto guard = store.scope();
    store.setdefault("w", at::zeros({3}));
    const std::string join = "SELECT name FROM main.params JOIN scope.params USING (name)";
    for (const auto& row : store.query(join)) {
      store.set(row.get<std::string>(0), at::ones({3}));  // writes into what was read
    }
    CHECK(store.query("SELECT mean FROM param_stats('scope')").one().get<double>(0) == 1);
    std::thread([&] { CHECK_THROWS_AS(store.query(join), StorageError); }).join();
    auto batch = store.batch();
    CHECK(contains(message_of([&] { store.query(join); }), "open batch"));
    CHECK(count_of_params(store) == 3);  // which the store's own file has not
    batch.commit();
  }
  CHECK_THROWS_AS(store.query("SELECT * FROM scope.params"), StorageError);
}

TEST_CASE("a store in memory, its scopes too, and a loop over its rows that changes it") {
  ParamStore store = ParamStore::in_memory(StoreOptions().busy_timeout(std::chrono::milliseconds(10)));
  store.setdefault("w", at::arange(3, at::kFloat));
  store.setdefault("b", at::ones({2}));
  {
    const auto guard = store.scope("fold-1");
    store.setdefault("w", at::ones({3}));
  }
  for (const auto& row : store.query("SELECT name FROM params ORDER BY id")) {
    store.set(row.get<std::string>(0) + "'", at::zeros({1}));
  }
  CHECK(column(store, "SELECT name FROM params ORDER BY id") == "w b w' b'");
  CHECK(column(store, "SELECT name FROM main.params JOIN \"fold-1\".params USING (name)") == "w");
  const auto expect_refused = [&](const char* sql) { CHECK_THROWS_AS(store.query(sql), Error); };
  expect_refused("DELETE FROM params");
  expect_refused("ATTACH 'x' AS y");
  {
    auto batch = store.batch();
    CHECK(contains(message_of([&] { store.query("SELECT 1"); }), "open batch"));
  }
  const auto rows = store.query("SELECT name FROM params");
  store.close();
  CHECK_THROWS_AS(rows.begin(), Error);
}

}  // namespace
