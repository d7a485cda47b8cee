// ParamStore::query: its arguments, rows and columns.
#include <ATen/ATen.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/paramstore.h"
#include "store/query_support.h"
#include "store/temporary_store.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>

namespace {

using namespace paramstore;

/// Rows without end; the first comes at once.
constexpr const char* endless = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";

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

TEST_CASE("reading a column as the wrong type is an Error that says what it holds") {
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

TEST_CASE("a tensor as an argument is a blob of its elements, in row-major order") {
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
  CHECK(
      contains(message_of([&] { store.query("SELECT ?, ?", 1); }), "has 2 places for arguments (?), but 1 were given"));
  CHECK(contains(message_of([&] { store.query("SELECT 1", 1); }), "has 0 places"));
}

TEST_CASE("the functions and tables about tensors exist") {
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

TEST_CASE("one() takes exactly one row") {
  TemporaryStore file;
  const ParamStore store = small_store(file);
  CHECK(contains(message_of([&] { store.query("SELECT 1 WHERE 0").one(); }), "no row"));
  CHECK(contains(message_of([&] { store.query("SELECT name FROM params").one(); }), "several rows"));
}

TEST_CASE("rows are computed one by one, so an endless query can be read in part") {
  TemporaryStore file;
  const ParamStore store = small_store(file);
  std::int64_t last = 0;
  for (const auto& row : store.query(endless)) {
    last = row.get<std::int64_t>(0);
    if (last == 1000) break;
  }
  CHECK(last == 1000);
}

}  // namespace
