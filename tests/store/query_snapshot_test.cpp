// ParamStore::query: what it sees of a store that changes, and how long its rows live.
#include <ATen/ATen.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "paramstore/error.h"
#include "paramstore/paramstore.h"
#include "store/query_support.h"
#include "store/temporary_store.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>
#include <sqlite3.h>

namespace {

using namespace paramstore;

/// A row that never comes.
constexpr const char* never = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

TEST_CASE("a query shows what was committed when it began") {
  TemporaryStore file;
  ParamStore store = small_store(file);
  const std::string sum = "SELECT CAST(sum(mean * numel) AS INTEGER) FROM param_stats WHERE name = 'b'";
  store.unconstrained("b").data().fill_(10);
  CHECK(number(store, sum) == 2);
  store.commit();
  CHECK(number(store, sum) == 20);

  const auto before = store.query("SELECT name FROM params ORDER BY id");
  store.erase("w");
  store.setdefault("late", at::zeros({1}));
  std::string names;
  for (const auto& row : before) {
    names += row.get<std::string>(0) + " ";
    store.set("another " + row.get<std::string>(0), at::zeros({1}));  // a loop over rows may change the store
  }
  CHECK(names == "w b scale ");
  CHECK(count_of_params(store) == 6);
}

TEST_CASE("an open batch is not seen, on its own thread either") {
  TemporaryStore file;
  ParamStore store = small_store(file);
  auto batch = store.batch();
  store.erase("w");
  CHECK(count_of_params(store) == 3);
  batch.commit();
  CHECK(count_of_params(store) == 2);
}

TEST_CASE("with commit_every, a query first commits what is due") {
  TemporaryStore file;
  ParamStore store = small_store(file, StoreOptions().commit_every(std::chrono::nanoseconds(1)));
  store.unconstrained("b").data().fill_(10);
  CHECK(store.query("SELECT mean FROM param_stats WHERE name = 'b'").one().get<double>(0) == 10);
}

TEST_CASE("rows are read once, and a query that has been read to its end holds nothing") {
  TemporaryStore file;
  ParamStore store = small_store(file);
  const auto rows = store.query("SELECT name FROM params ORDER BY id");
  auto at = rows.begin();
  CHECK(at->get<std::string>(0) == "w");
  const auto first = at++;
  CHECK(first->get<std::string>(0) == "w");
  CHECK(at->get<std::string>(0) == "b");
  CHECK(rows.begin()->get<std::string>(0) == "scale");  // goes on
  CHECK(rows.begin() == rows.end());
  CHECK(rows.begin() == rows.end());
  store.close();  // nobody is left who would need it
  CHECK(at->get<std::string>(0) == "b");
}

TEST_CASE("reading on after the store has closed is an Error, and the file is complete without its -wal") {
  TemporaryStore file;
  std::optional<ParamStore> store(small_store(file));
  auto rows = store->query("SELECT name FROM params ORDER BY id");
  const auto first = rows.begin();
  const auto unread = store->query("SELECT name FROM params ORDER BY id");
  SUBCASE("closed") {
    store->close();
    CHECK_THROWS_AS(store->query("SELECT 1"), Error);
  }
  SUBCASE("destroyed") { store.reset(); }
  CHECK(first->get<std::string>(0) == "w");  // a row is one's own
  const std::string message = message_of([&] { rows.begin(); });
  CHECK(contains(message, "closed"));
  CHECK(contains(message, file.path().string()));
  CHECK_THROWS_AS(unread.begin(), Error);
  CHECK_FALSE(std::filesystem::exists(file.path().string() + "-wal"));
}

TEST_CASE("rows may outlive everything but the open store") {
  TemporaryStore file;
  ParamStore store = small_store(file);
  const auto begin = [&] { return store.query("SELECT name FROM params ORDER BY id").begin(); }();  // the range is gone
  auto at = begin;
  CHECK((++at)->get<std::string>(0) == "b");
  ParamStore moved = std::move(store);
  CHECK((++at)->get<std::string>(0) == "scale");
}

TEST_CASE("a store that is opened read-only") {
  TemporaryStore file;
  small_store(file).close();
  CHECK(count_of_params(ParamStore(file.path(), StoreOptions().read_only(true))) == 3);
}

TEST_CASE("a query reads while another connection holds the write lock") {
  TemporaryStore file;
  ParamStore store = small_store(file, StoreOptions().busy_timeout(std::chrono::milliseconds(0)));
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(file.path().c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE; DELETE FROM params", nullptr, nullptr, nullptr) == SQLITE_OK);
  CHECK(count_of_params(store) == 3);
  const auto rows = store.query("SELECT name FROM params");
  const auto at = rows.begin();
  REQUIRE(sqlite3_exec(other, "COMMIT", nullptr, nullptr, nullptr) == SQLITE_OK);  // nor does it wait for us
  sqlite3_close(other);
  CHECK(count_of_params(store) == 0);
  CHECK(std::distance(at, rows.end()) == 3);
}

TEST_CASE("a query that takes too long can be interrupted, and ends when the store closes") {
  TemporaryStore file;
  ParamStore store = small_store(file);
  const auto rows = store.query(never);
  std::string message;
  std::atomic<bool> begun{false};
  std::thread reader([&] {
    begun = true;
    message = message_of([&] { rows.begin(); });
  });
  while (!begun) std::this_thread::yield();
  SUBCASE("interrupted") {
    rows.interrupt();
    reader.join();
    CHECK(contains(message, "interrupted"));
    CHECK(contains(message_of([&] { rows.begin(); }), "interrupted"));
  }
  SUBCASE("closed") {
    store.close();
    reader.join();
    CHECK(contains(message, "closed"));
  }
}

}  // namespace
