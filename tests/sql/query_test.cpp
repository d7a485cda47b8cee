// ParamStore::query: rows, columns and arguments, what it sees, and that it only reads.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/paramstore.h"
#include "store/temporary_store.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>
#include <sqlite3.h>

namespace {

using namespace paramstore;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The message of the Error that `action` must throw.
template <class Kind = Error, class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const Kind& error) {
    return error.what();
  }
  FAIL("no error");
  return {};
}

/// The first column of all rows, joined by spaces.
template <class... Arguments>
std::string column(const ParamStore& store, const std::string& sql, const Arguments&... arguments) {
  std::string joined;
  for (const auto& row : store.query(sql, arguments...)) {
    joined += (joined.empty() ? "" : " ") + row.template get<std::string>(0);
  }
  return joined;
}

template <class... Arguments>
std::int64_t number(const ParamStore& store, const std::string& sql, const Arguments&... arguments) {
  return store.query(sql, arguments...).one().template get<std::int64_t>(0);
}

std::int64_t count_of_params(const ParamStore& store) { return number(store, "SELECT count(*) FROM params"); }

/// A store with `w` [0 1 2], `b` [1 1] and a positive `scale`.
ParamStore small_store(const TemporaryStore& file, const StoreOptions& options = {}) {
  ParamStore store(file.path(), options);
  store.setdefault("w", at::arange(3, at::kFloat));
  store.setdefault("b", at::ones({2}));
  store.setdefault("scale", at::full({}, 2.0), constraints::positive);
  return store;
}

/// Rows without end; the first comes at once.
constexpr const char* endless = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
/// A row that never comes.
constexpr const char* never = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

TEST_CASE("rows have typed columns, by number and by name") {
  TemporaryStore file;
  const ParamStore store = small_store(file);
  const auto rows = store.query("SELECT id, name, 0.5 AS half, value, NULL AS unknown FROM params WHERE name = ?", "w");
  const auto begin = rows.begin();
  REQUIRE(begin != rows.end());
  const QueryRow row = *begin;
  CHECK(row.size() == 5);
  CHECK(row.column_name(2) == "half");
  CHECK(row.get<std::int64_t>(0) == 1);
  CHECK(row.get<std::string>("name") == "w");
  CHECK(row.get<double>("half") == 0.5);
  CHECK(row.get<double>("id") == 1.0);  // an integer that a double can hold
  CHECK(row.get<int>(0) == 1);
  CHECK(row.get<std::uint8_t>(0) == 1);
  CHECK(row.get<bool>(0));
  CHECK(row.get<float>("half") == 0.5F);
  const auto bytes = row.get<std::vector<std::byte>>("value");
  float elements[3];
  REQUIRE(bytes.size() == sizeof elements);
  std::memcpy(elements, bytes.data(), sizeof elements);
  CHECK(elements[2] == 2.0F);
  CHECK(row.is_null("unknown"));
  CHECK(row.get<std::optional<double>>("unknown") == std::nullopt);
  CHECK(row.get<std::optional<std::string>>("name") == "w");
  CHECK(std::holds_alternative<std::monostate>(row.get<QueryValue>(4)));
  const auto [id, name, half, value, unknown] =
      row.to_tuple<std::int64_t, std::string, double, std::vector<std::byte>, std::optional<std::int64_t>>();
  CHECK(id == 1);
  CHECK(name == "w");
  CHECK(half == 0.5);
  CHECK((value == bytes));  // a std::byte does not print
  CHECK_FALSE(unknown.has_value());
}

TEST_CASE("what a row cannot give is an Error that says what there is") {
  TemporaryStore file;
  const ParamStore store = small_store(file);
  const QueryRow row =
      store
          .query(
              "SELECT name, id, id + 0.5 AS x, NULL AS n, 9007199254740993 AS big, 1 AS twice, 2 AS twice "
              "FROM params ORDER BY id LIMIT 1")
          .one();
  const std::string type = message_of([&] { return row.get<std::int64_t>("name"); });
  CHECK(contains(type, "name"));
  CHECK(contains(type, "is a TEXT ('w'), not an INTEGER"));
  CHECK(contains(message_of([&] { return row.get<std::string>("id"); }), "is an INTEGER (1), not a TEXT"));
  CHECK(contains(message_of([&] { return row.get<std::int64_t>("x"); }), "is a REAL, not an INTEGER"));
  CHECK(contains(message_of([&] { return row.get<double>("n"); }), "is NULL, not a REAL; ask for a std::optional"));
  CHECK(contains(message_of([&] { return row.get<double>("big"); }), "9007199254740993"));
  CHECK(contains(message_of([&] { return row.get<int>("big"); }), "'big' is 9007199254740993, which the integer type"));
  CHECK(contains(message_of([&] { return row.get<bool>("big"); }), "ask for a std::int64_t"));
  CHECK(contains(message_of([&] { return row.get<std::string>("nome"); }), "no column 'nome'; it has 'name', 'id'"));
  CHECK(contains(message_of([&] { return row.get<std::int64_t>("twice"); }), "several columns 'twice'"));
  CHECK(contains(message_of([&] { return row.get<std::int64_t>(7); }), "no column 7; it has 7"));
  CHECK(contains(message_of([&] { return row.column_name(7); }), "no column 7"));
  CHECK(contains(message_of([&] { return row.to_tuple<std::string>(); }), "7 columns, not 1"));
}

TEST_CASE("arguments are bound, whatever is in them") {
  TemporaryStore file;
  const ParamStore store = small_store(file);
  const std::string hostile = "w' OR 1=1 --";
  CHECK(column(store, "SELECT name FROM params WHERE name = ?", hostile).empty());
  CHECK(column(store, "SELECT ?", hostile) == hostile);
  CHECK(column(store, "SELECT ?", std::string("a\0b", 3)) == std::string("a\0b", 3));
  CHECK(column(store, "SELECT name FROM params WHERE name = ?2 AND ?1 = ?1 ", 1, std::string_view("b")) == "b");
  CHECK(column(store, "SELECT name FROM params WHERE name = :name", "b") == "b");
  CHECK(number(store, "SELECT ?", std::numeric_limits<std::int64_t>::min()) ==
        std::numeric_limits<std::int64_t>::min());
  CHECK(number(store, "SELECT ?", true) == 1);
  CHECK(number(store, "SELECT ?", 7U) == 7);
  CHECK(store.query("SELECT ?", 0.25F).one().get<double>(0) == 0.25);
  CHECK(store.query("SELECT ?", nullptr).one().is_null(0));
  CHECK(store.query("SELECT ?", std::nullopt).one().is_null(0));
  CHECK(store.query("SELECT ?", std::optional<std::string>()).one().is_null(0));
  CHECK(number(store, "SELECT ?", std::optional<int>(3)) == 3);
  CHECK(store.query("SELECT ?", std::nan("")).one().is_null(0));
  CHECK(column(store, "SELECT typeof(?)", std::vector<std::byte>()) == "blob");
  const std::vector<std::byte> bytes{std::byte{0}, std::byte{255}};
  CHECK((store.query("SELECT ?", bytes).one().get<std::vector<std::byte>>(0) == bytes));
  CHECK_THROWS_AS(store.query("SELECT ?", std::numeric_limits<std::uint64_t>::max()), Error);
}

TEST_CASE("a tensor as an argument is a blob of its elements, as they stand in a row") {
  TemporaryStore file;
  const ParamStore store = small_store(file);
  CHECK(column(store, "SELECT name FROM params WHERE value = ?", at::arange(3, at::kFloat)) == "w");
  const at::Tensor strided = at::arange(6, at::kFloat).reshape({3, 2}).select(1, 0);  // 0 2 4
  CHECK(store.query("SELECT tensor_l2_distance(value, ?, dtype) FROM params WHERE name = 'w'", strided)
            .one()
            .get<double>(0) == doctest::Approx(std::sqrt(5.0)));
  CHECK(number(store, "SELECT length(?)", at::zeros({0, 2})) == 0);
  CHECK_THROWS_AS(store.query("SELECT ?", at::Tensor()), UnsupportedTensor);
  CHECK_THROWS_AS(store.query("SELECT ?", at::zeros({2}).to_sparse()), UnsupportedTensor);
}

TEST_CASE("more or fewer arguments than places is an Error with both numbers") {
  TemporaryStore file;
  const ParamStore store = small_store(file);
  CHECK(contains(message_of([&] { store.query("SELECT ?, ?", 1); }), "has 2 places for arguments (?), but 1 came"));
  CHECK(contains(message_of([&] { store.query("SELECT 1", 1); }), "has 0 places"));
}

TEST_CASE("the functions and tables about tensors are there") {
  TemporaryStore file;
  const ParamStore store = small_store(file);
  CHECK(store.query("SELECT tensor_mean(value, dtype) FROM params WHERE name = 'w'").one().get<double>(0) == 1.0);
  CHECK(column(store, "SELECT name FROM param_stats WHERE norm > ?", 2) == "w");
  CHECK(column(store, "SELECT name FROM params WHERE name REGEXP '^[wb]$' ORDER BY id") == "w b");
  CHECK(column(store, "SELECT tensor_json(value, dtype, shape) FROM params WHERE name = 'w'") == "[0.0,1.0,2.0]");
  CHECK(number(store, "SELECT count(*) FROM params AS p, tensor_each(p.value, p.dtype, p.shape)") == 6);
  CHECK(number(store, "SELECT count(*) FROM param_values WHERE name = 'b' AND value = 1") == 2);
  CHECK(column(store, "SELECT name FROM param_list ORDER BY nbytes DESC LIMIT 1") == "w");
  CHECK(number(store, "SELECT max(revision) FROM commits") == store.revision());
}

TEST_CASE("it shows what is committed, as it was when it was asked") {
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

TEST_CASE("with commit_every a query commits first what is due") {
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

TEST_CASE("one() takes exactly one row") {
  TemporaryStore file;
  const ParamStore store = small_store(file);
  CHECK(contains(message_of([&] { store.query("SELECT 1 WHERE 0").one(); }), "no row"));
  CHECK(contains(message_of([&] { store.query("SELECT name FROM params").one(); }), "several rows"));
}

TEST_CASE("rows that are still to come when the store closes are an Error, and the file is whole without its -wal") {
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

TEST_CASE("rows may outlive everything but the store's being open") {
  TemporaryStore file;
  ParamStore store = small_store(file);
  const auto begin = [&] { return store.query("SELECT name FROM params ORDER BY id").begin(); }();  // the range is gone
  auto at = begin;
  CHECK((++at)->get<std::string>(0) == "b");
  ParamStore moved = std::move(store);
  CHECK((++at)->get<std::string>(0) == "scale");
}

TEST_CASE("it only reads") {
  TemporaryStore file;
  ParamStore store = small_store(file);
  const auto guard = store.scope("fold-1");

  const char* const refused[] = {
      "DELETE FROM params",
      "UPDATE params SET name = 'x'",
      "UPDATE params SET name = 'x' RETURNING name",
      "INSERT INTO commits (message) VALUES ('x')",
      "INSERT INTO params (name, dtype, shape, value) VALUES ('x', 'float32', '[]', x'00000000') RETURNING id",
      "WITH old AS (SELECT 1) DELETE FROM params",
      "CREATE TABLE t (x)",
      "CREATE TEMP TABLE t (x)",
      "CREATE TEMP VIEW v AS SELECT 1",
      "CREATE VIRTUAL TABLE temp.t USING param_stats",
      "DROP TABLE params",
      "DROP TABLE temp.param_stats",
      "ALTER TABLE params RENAME TO p",
      "CREATE INDEX i ON params (dtype)",
      "REINDEX",
      "ANALYZE",
      "VACUUM",
      "VACUUM INTO 'x.db'",
      "BEGIN",
      "BEGIN IMMEDIATE",
      "COMMIT",
      "ROLLBACK",
      "SAVEPOINT s",
      "ATTACH ':memory:' AS a",
      "ATTACH 'file:x.db?mode=rwc' AS a",
      "DETACH main",
      "DETACH \"fold-1\"",
      "UPDATE sqlite_master SET sql = NULL",
      "UPDATE sqlite_schema SET name = 'x'",
      "EXPLAIN UPDATE sqlite_master SET sql = NULL",
      "PRAGMA query_only = OFF",
      "PRAGMA query_only(0)",
      "PRAGMA journal_mode = DELETE",
      "PRAGMA user_version = 7",
      "PRAGMA application_id = 7",
      "PRAGMA wal_checkpoint",
      "PRAGMA incremental_vacuum",
      "PRAGMA optimize",
      "PRAGMA writable_schema = ON",
      "PRAGMA trusted_schema = ON",
      "PRAGMA temp_store_directory = '/'",
      "PRAGMA shrink_memory",
      "SELECT load_extension('x')",
      "EXPLAIN DELETE FROM params",
  };
  const std::int64_t revision = store.revision();
  for (const char* sql : refused) {
    CAPTURE(sql);
    const std::string message = message_of([&] {
      for ([[maybe_unused]] const auto& row : store.query(sql)) {
      }
    });
    CHECK(contains(message, sql));
    CHECK(contains(message, file.path().string()));
  }
  CHECK(count_of_params(store) == 3);
  CHECK(number(store, "SELECT max(revision) FROM main.commits") >= revision);
  CHECK(number(store, "SELECT count(*) FROM main.params WHERE name = 'w'") == 1);
  CHECK_FALSE(std::filesystem::exists("x.db"));
}

TEST_CASE("what only tells something is allowed") {
  TemporaryStore file;
  const ParamStore store = small_store(file);
  CHECK(number(store, "PRAGMA user_version") == 1);
  CHECK(column(store, "SELECT name FROM pragma_table_info('params') WHERE pk") == "id");
  CHECK(column(store, "SELECT value FROM json_each('[\"a\", \"b\"]')") == "a b");
  CHECK(column(store, "PRAGMA integrity_check") == "ok");
  CHECK(store.query("EXPLAIN QUERY PLAN SELECT * FROM params WHERE id = 1").one().size() == 4);
  CHECK(number(store, "SELECT 1; -- and no more\n") == 1);
}

TEST_CASE("several statements are an Error, whatever they are, and so is none") {
  TemporaryStore file;
  const ParamStore store = small_store(file);
  for (const char* sql : {"SELECT 1; SELECT 2", "SELECT 1; DELETE FROM params", "SELECT 1; ;; nonsense"}) {
    CAPTURE(sql);
    CHECK(contains(message_of([&] { store.query(sql); }), "one statement"));
  }
  for (const char* sql : {"", " ", ";", "-- a comment"}) {
    CAPTURE(sql);
    CHECK(contains(message_of([&] { store.query(sql); }), "no SQL"));
  }
  CHECK(contains(message_of([&] { store.query(std::string_view("SELECT 1\0; DELETE FROM params", 29)); }), "NUL"));
  CHECK(count_of_params(store) == 3);
}

TEST_CASE("what SQLite refuses is a StorageError with the file, SQLite's words and the SQL") {
  TemporaryStore file;
  const ParamStore store = small_store(file);
  const std::string unknown = message_of<StorageError>([&] { store.query("SELECT nome FROM params"); });
  CHECK(contains(unknown, file.path().string()));
  CHECK(contains(unknown, "no such column: nome"));
  CHECK(contains(unknown, "SELECT nome FROM params"));
  CHECK_THROWS_AS(store.query("SELEC 1"), StorageError);
  CHECK_THROWS_AS(store.query("SELECT \"text\""), StorageError);  // "..." is a column, never a text
  // One that begins to fail at a later row.
  const auto rows = store.query("SELECT tensor_at(value, dtype, shape, 2) FROM params ORDER BY id");
  auto at = rows.begin();
  CHECK(at->get<double>(0) == 2.0);
  CHECK(contains(message_of<StorageError>([&] { ++at; }), "tensor_at"));
  CHECK(rows.begin() == rows.end());
  const std::string long_sql = "SELECT nome, '" + std::string(5000, 'x') + "' FROM params";
  CHECK(message_of<StorageError>([&] { store.query(long_sql); }).size() < 2000);
}

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

TEST_CASE("a scope without a name is there as `scope` for the thread that is in it") {
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

TEST_CASE("rows come one by one: of endless ones as many as are wanted") {
  TemporaryStore file;
  const ParamStore store = small_store(file);
  std::int64_t last = 0;
  for (const auto& row : store.query(endless)) {
    last = row.get<std::int64_t>(0);
    if (last == 1000) break;
  }
  CHECK(last == 1000);
}

TEST_CASE("a damaged value is no crash: SQL shows what is there, and a damaged page is CorruptStore") {
  TemporaryStore file;
  {
    ParamStore store(file.path());
    store.setdefault("w", at::zeros({200'000}));
  }
  // All of the file but its first pages, which opening reads.
  {
    std::FILE* raw = std::fopen(file.path().c_str(), "r+b");
    REQUIRE(raw != nullptr);
    std::fseek(raw, 0, SEEK_END);
    const long size = std::ftell(raw);
    const std::string garbage(65536, '\xff');
    for (long at = size - 65536 * 8; at + 65536 <= size; at += 65536) {
      std::fseek(raw, at, SEEK_SET);
      std::fwrite(garbage.data(), 1, garbage.size(), raw);
    }
    std::fclose(raw);
  }
  const auto ask = [&](const char* sql) {
    const ParamStore store(file.path());
    for (const auto& row : store.query(sql)) static_cast<void>(row);
  };
  CHECK_THROWS_AS(ask("SELECT value FROM params"), CorruptStore);
  CHECK_THROWS_AS(ask("SELECT norm FROM param_stats"), Error);
}

}  // namespace
