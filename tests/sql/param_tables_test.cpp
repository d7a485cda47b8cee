// The tables param_stats and param_values, over stores that lib/storage wrote; and param_list, which needs neither.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <functional>
#include <memory>
#include <numeric>

#include "lib/sql/functions.h"
#include "lib/sql/param_values.h"
#include "lib/storage/store_internals.h"
#include "sql/connection.h"
#include "sql/numbers.h"
#include "storage/support.h"

using namespace paramstore;
using namespace paramstore::sql::testing;
using paramstore::storage::testing::TemporaryFolder;
using storage::Dtype;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void insert(storage::WriteTransaction& transaction, const std::string& name, Dtype dtype,
            const std::vector<std::int64_t>& shape, const std::string& value, const std::string& tag = "real") {
  storage::ParamRecord record;
  record.name = name;
  record.constraint_tag = tag;
  record.dtype = dtype;
  record.shape = shape;
  record.checksum = storage::value_checksum({value.data(), value.size()});
  transaction.insert(record, {value.data(), value.size()});
}

std::vector<float> ascending(std::size_t count) {
  std::vector<float> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0.0F);
  return numbers;
}

// A small value, one over many pages, one in chunks that are split inside elements, a complex one, an empty one, one
// with a NaN.
constexpr std::size_t large = 300'000;
constexpr std::size_t chunked = 5'000;

void fill(const std::filesystem::path& path) {
  storage::InternalOptions options;
  options.max_value_length = 4 * large;
  storage::Database database = storage::open_database(path, options);
  storage::WriteTransaction transaction(database.main());
  insert(transaction, "small", Dtype::float32, {2, 3}, bytes_of(ascending(6)), "positive");
  insert(transaction, "large", Dtype::float32, {static_cast<std::int64_t>(large)}, bytes_of(ascending(large)));
  insert(transaction, "complex", Dtype::complex64, {2}, bytes_of(std::vector<float>{3, 4, 0, 0}));
  insert(transaction, "empty", Dtype::float64, {0, 7}, "");
  insert(transaction, "nan", Dtype::float32, {2}, bytes_of(std::vector<float>{1, std::nanf("")}));
  insert(transaction, "scalar", Dtype::float16, {}, encode(Dtype::float16, {0.5}));
  transaction.commit();
}

// With a parameter of float64 in chunks of 4099 bytes, written as schema/FORMAT.md says.
void add_chunked(const std::filesystem::path& path) {
  std::vector<double> numbers(chunked);
  std::iota(numbers.begin(), numbers.end(), 0.0);
  const std::string value = bytes_of(numbers);
  storage::testing::PlainSqlite plain(path);
  // A value this short is in chunks only in a test: what refuses that goes first.
  REQUIRE(plain.run("PRAGMA writable_schema = OFF; BEGIN; DROP TRIGGER params_inserted; DROP TRIGGER chunks_inserted;"
                    "INSERT INTO params (name, dtype, shape, value) VALUES ('chunked', 'float64', '[5000]', x'')") ==
          "");
  sqlite3_stmt* statement = nullptr;
  REQUIRE(sqlite3_prepare_v2(plain.handle(),
                             "INSERT INTO chunks (param, sequence, value) SELECT id, ?1, ?2 FROM params WHERE name = "
                             "'chunked'",
                             -1, &statement, nullptr) == SQLITE_OK);
  int sequence = 0;
  for (std::size_t at = 0; at < value.size(); at += 4099) {
    sqlite3_bind_int(statement, 1, sequence++);
    sqlite3_bind_blob(statement, 2, value.data() + at, static_cast<int>(std::min<std::size_t>(4099, value.size() - at)),
                      SQLITE_STATIC);
    REQUIRE(sqlite3_step(statement) == SQLITE_DONE);
    sqlite3_reset(statement);
  }
  sqlite3_finalize(statement);
  REQUIRE(plain.run("COMMIT") == "");
}

struct Store {
  Store() {
    fill(path);
    add_chunked(path);
  }
  TemporaryFolder folder;
  std::filesystem::path path = folder / "model.params.db";
};

// A store after a change that its schema would not let pass.
std::unique_ptr<Store> damaged(const std::string& change) {
  auto store = std::make_unique<Store>();
  storage::testing::PlainSqlite plain(store->path);
  plain.run("PRAGMA ignore_check_constraints = ON");
  for (const char* trigger : {"params_size_updated", "params_value_updated", "params_updated", "chunks_resized",
                              "chunks_updated", "chunks_deleted"}) {
    REQUIRE(plain.run(std::string("DROP TRIGGER ") + trigger) == "");
  }
  REQUIRE(plain.run(change) == "");
  return store;
}

std::int64_t pages_read(sqlite3* handle, const std::function<void()>& work) {
  int current = 0;
  int highest = 0;
  sqlite3_db_status(handle, SQLITE_DBSTATUS_CACHE_MISS, &current, &highest, 1);
  work();
  sqlite3_db_status(handle, SQLITE_DBSTATUS_CACHE_MISS, &current, &highest, 0);
  return current;
}

}  // namespace

TEST_CASE("param_stats has one row per parameter, also if the value is in chunks") {
  const Store store;
  Connection sql(store.path);
  CHECK(sql.column("SELECT name FROM param_stats") == "small large complex empty nan scalar chunked");
  const auto row = [&](const std::string& name) {
    const auto rows =
        sql.rows("SELECT numel, min, max, mean, std, norm, nan_count FROM param_stats WHERE name = '" + name + "'");
    REQUIRE(rows.size() == 1);
    std::string text;
    for (const Cell& cell : rows[0]) text += (text.empty() ? "" : " ") + cell.text;
    return text;
  };
  CHECK(row("small") == "6 0.0 5.0 2.5 1.87082869338697 7.41619848709566 0");
  CHECK(row("complex") == "2 NULL NULL NULL 3.53553390593274 5.0 0");
  CHECK(row("empty") == "0 NULL NULL NULL NULL 0.0 0");
  CHECK(row("nan") == "2 NULL NULL NULL NULL NULL 1");
  CHECK(row("scalar") == "1 0.5 0.5 0.5 NULL 0.5 0");
  const auto numbers = [&](const std::string& name, double count) {
    const auto rows = sql.rows("SELECT min, max, mean, std FROM param_stats WHERE name = '" + name + "'");
    REQUIRE(rows.size() == 1);
    CHECK(rows[0][0].number == 0.0);
    CHECK(rows[0][1].number == count - 1);
    CHECK(rows[0][2].number == doctest::Approx((count - 1) / 2).epsilon(1e-13));
    CHECK(rows[0][3].number == doctest::Approx(std::sqrt(count * (count + 1) / 12)).epsilon(1e-12));
  };
  numbers("large", large);
  numbers("chunked", chunked);
  CHECK(sql.column("SELECT constraint_tag || dtype || shape || (revision > 0) FROM param_stats WHERE numel = 6") ==
        "positivefloat32[2,3]1");
}

TEST_CASE("param_stats agrees with the functions") {
  const Store store;
  Connection sql(store.path);
  CHECK(sql.text("SELECT count(*) FROM param_stats AS s JOIN params AS p USING (name) WHERE name <> 'chunked' AND "
                 "p.value <> x'' AND (s.norm IS NOT tensor_norm(p.value, p.dtype) OR s.std IS NOT tensor_std(p.value, "
                 "p.dtype) OR s.nan_count IS NOT tensor_nan_count(p.value, p.dtype))") == "0");
}

TEST_CASE("param_stats accepts names from any expression") {
  const Store store;
  Connection sql(store.path);
  CHECK(sql.column("SELECT name FROM param_stats WHERE name IN ('nan', 'small', 'none')") == "nan small");
  CHECK(sql.column(
            "SELECT s.numel FROM (VALUES ('small'), ('scalar')) AS v JOIN param_stats AS s ON s.name = v.column1") ==
        "6 1");
  CHECK(sql.column("SELECT name FROM param_stats WHERE name REGEXP '^s' ORDER BY name") == "scalar small");
  CHECK(sql.rows("SELECT * FROM param_stats WHERE name = NULL").empty());
  CHECK(sql.rows("SELECT * FROM param_stats WHERE name = 7").empty());
  CHECK(sql.column("SELECT name FROM param_stats ORDER BY numel DESC LIMIT 2") == "large chunked");
}

TEST_CASE("names that are equal under another collation are found") {
  const Store store;
  Connection sql(store.path);
  for (const char* table : {"params", "param_stats"}) {
    const std::string from = std::string("SELECT name FROM ") + table + " ";
    CHECK(sql.column(from + "WHERE name = 'SMALL' COLLATE NOCASE") == "small");
    CHECK(sql.column(from + "WHERE name COLLATE NOCASE = 'SMALL'") == "small");
    CHECK(sql.column(from + "WHERE name = 'small  ' COLLATE RTRIM") == "small");
    CHECK(sql.column(from + "WHERE name COLLATE NOCASE IN ('SMALL', 'Scalar') ORDER BY name") == "scalar small");
    CHECK(sql.rows(from + "WHERE name = 'SMALL'").empty());
  }
  CHECK(sql.column("SELECT value FROM param_values WHERE name = 'SMALL' COLLATE NOCASE AND position = 2") == "2.0");
  REQUIRE(sql.run("CREATE TEMP TABLE wanted (name TEXT COLLATE NOCASE)") == "");
  REQUIRE(sql.run("INSERT INTO wanted VALUES ('SMALL'), ('scalar'), ('none')") == "");
  for (const char* on : {"w.name = s.name", "s.name = w.name COLLATE NOCASE"}) {
    const std::string join = std::string("FROM wanted AS w JOIN param_stats AS s ON ") + on;
    CHECK(sql.column("SELECT s.name " + join + " ORDER BY s.name") == "scalar small");
  }
}

TEST_CASE("param_stats and param_values of an attached store") {
  const Store store;
  const Store other;
  REQUIRE(storage::testing::PlainSqlite(other.path).run("DELETE FROM params WHERE name <> 'small'") == "");
  Connection sql(store.path);
  REQUIRE(sql.run("ATTACH '" + other.path.string() + "' AS \"the \"\"old\"\"\"") == "");
  CHECK(sql.column("SELECT name FROM param_stats('the \"old\"')") == "small");
  CHECK(sql.column("SELECT now.name FROM param_stats AS now JOIN param_stats('the \"old\"') AS old USING (name) "
                   "WHERE now.norm = old.norm") == "small");
  CHECK(sql.text("SELECT count(*) FROM param_values('the \"old\"')") == "6");
  CHECK(sql.column("SELECT value FROM param_values WHERE schema = 'the \"old\"' AND position = 5") == "5.0");
  CHECK(contains(sql.error("SELECT * FROM param_stats('none')"), "none.params"));
  CHECK(sql.rows("SELECT * FROM param_stats(NULL)").empty());
  CHECK(contains(sql.error("SELECT * FROM param_stats(7)"), "the name of the schema must be TEXT"));
}

TEST_CASE("param_values has one row per element, also if the value is in chunks") {
  const Store store;
  Connection sql(store.path);
  CHECK(sql.column("SELECT indices || '=' || value FROM param_values WHERE name = 'small'") ==
        "[0,0]=0.0 [0,1]=1.0 [0,2]=2.0 [1,0]=3.0 [1,1]=4.0 [1,2]=5.0");
  CHECK(sql.column("SELECT value || '/' || imag FROM param_values WHERE name = 'complex'") == "3.0/4.0 0.0/0.0");
  CHECK(sql.text("SELECT count(*) FROM param_values") == std::to_string(6 + large + 2 + 2 + 1 + chunked));
  CHECK(sql.column("SELECT name || i0 FROM param_values WHERE value IS NULL") == "nan1");
  for (const char* name : {"large", "chunked"}) {
    const std::string of = std::string("FROM param_values WHERE name = '") + name + "'";
    CHECK(sql.text("SELECT count(*) " + of + " AND value <> position") == "0");
    CHECK(sql.column("SELECT value " + of + " AND position = 4321") == "4321.0");
    CHECK(sql.column("SELECT value " + of + " AND i0 IN (512, 513)") == "512.0 513.0");
    CHECK(sql.rows("SELECT value " + of + " AND position = 300000").empty());
    CHECK(sql.column("SELECT value " + of + " ORDER BY position DESC LIMIT 1") ==
          (name == std::string("large") ? "299999.0" : "4999.0"));
  }
  CHECK(sql.column("SELECT name FROM param_values WHERE position = 1") == "small large complex nan chunked");
  CHECK(sql.rows("SELECT * FROM param_values LIMIT 1").at(0).size() == 5);
}

TEST_CASE("tables say what is wrong with the rows of a damaged store") {
  const auto message = [&](const std::string& change, const std::string& sql = "SELECT norm FROM param_stats") {
    const auto store = damaged(change);
    Connection connection(store->path);
    return connection.error(sql);
  };
  CHECK(contains(message("UPDATE params SET dtype = 'int8' WHERE name = 'small'"),
                 "main: parameter 'small': there is no dtype 'int8'"));
  CHECK(contains(message("UPDATE params SET shape = '[2' WHERE name = 'small'"), "'[2' is not a shape"));
  CHECK(contains(message("UPDATE params SET shape = '[9223372036854775807]' WHERE name = 'small'"), "is too large"));
  CHECK(contains(message("UPDATE params SET shape = '[7]' WHERE name = 'small'"),
                 "the value has 24 bytes, but shape [7] of float32 has 28"));
  CHECK(contains(message("UPDATE params SET value = zeroblob(1000000) WHERE name = 'large'"), "has 1000000 bytes"));
  CHECK(contains(message("UPDATE params SET value = x'' WHERE name = 'small'"), "it is empty and has no chunks"));
  CHECK(contains(message("UPDATE params SET shape = '[1]' WHERE name = 'empty'"), "it is empty and has no chunks"));
  CHECK(contains(message("DELETE FROM chunks WHERE sequence = 3"), "a chunk of the value is missing"));
  CHECK(contains(message("DELETE FROM chunks WHERE sequence = 9"), "'chunked': the value has 36891 bytes"));
  CHECK(contains(message("UPDATE chunks SET value = x'00' WHERE sequence = 3"), "'chunked': the value has"));
  CHECK(contains(message("UPDATE params SET shape = '[7]' WHERE name = 'small'", "SELECT value FROM param_values"),
                 "the value has 24 bytes"));
  // What does not need the value is still there.
  const auto store = damaged("UPDATE params SET value = x'00' WHERE name = 'small'");
  CHECK(Connection(store->path).column("SELECT numel FROM param_stats WHERE name = 'small'") == "6");
}

TEST_CASE("damage has its own error, so that callers can tell it from a mistake in the SQL") {
  const auto store = damaged("UPDATE params SET dtype = 'int8' WHERE name = 'small'");
  Connection sql(store->path);
  for (const char* asked :
       {"SELECT norm FROM param_stats", "SELECT numel FROM param_stats", "SELECT * FROM param_values"}) {
    CHECK(contains(sql.error(asked), "main: parameter 'small': there is no dtype 'int8'"));
    CHECK(sqlite3_extended_errcode(sql.handle()) == SQLITE_CORRUPT_VTAB);
  }
  sql.error("SELECT * FROM param_stats(7)");
  CHECK(sqlite3_extended_errcode(sql.handle()) == SQLITE_ERROR);
}

TEST_CASE("a row that claims a value it does not have costs neither memory nor time") {
  const Store store;
  REQUIRE(storage::testing::PlainSqlite(store.path)
              .run("INSERT INTO params (name, dtype, shape, value) VALUES ('big', 'float32', '[300000000]', x''), "
                   "('endless', 'float16', '[4611686018427387903]', x'')") == "");
  const sql::ParamValuesSettings settings{
      [](storage::ValueBytes value, Dtype, const sql::Shape& shape, std::string_view) {
        const auto* data = static_cast<const char*>(value.data);
        return sql::ConstrainedValue{{data, data + value.size}, shape};
      }};
  Connection connection(store.path);
  REQUIRE(connection.run("DROP TABLE temp.param_values") == "");
  REQUIRE(sql::register_param_values(connection.handle(), settings) == SQLITE_OK);
  const auto most_kibibytes = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  const auto before = most_kibibytes();
  for (const char* name : {"big", "endless"}) {
    for (const char* column : {"constrained", "value", "position", "count(*)"}) {
      const std::string asked = std::string("SELECT ") + column + " FROM param_values WHERE name = '" + name + "'";
      CHECK(contains(connection.error(asked), std::string("parameter '") + name + "': the value is missing"));
    }
    CHECK(contains(connection.error(std::string("SELECT norm FROM param_stats WHERE name = '") + name + "'"),
                   "is missing"));
  }
  CHECK(most_kibibytes() - before < 100'000);
  CHECK(connection.column("SELECT constrained FROM param_values WHERE name = 'small' AND position < 2") == "0.0 1.0");
}

TEST_CASE("querying param_stats or param_values in a database that is not a store is a clear error") {
  Connection sql;
  CHECK(contains(sql.error("SELECT * FROM param_stats"), "no such table: main.params"));
  CHECK(contains(sql.error("SELECT * FROM param_values"), "no such table: main.params"));
  REQUIRE(sql.run("CREATE TABLE params(a)") == "");
  CHECK(contains(sql.error("SELECT * FROM param_stats"), "no such column"));
}

TEST_CASE("param_stats reads values only for the columns that are asked for") {
  const Store store;
  Connection sql(store.path);
  const auto read = [&](const std::string& query) {
    Connection fresh(store.path);
    return pages_read(fresh.handle(), [&] { fresh.rows(query); });
  };
  const auto all = read("SELECT norm FROM param_stats");
  CHECK(all > 18);  // 1.2 MB in pages of 64 KiB
  CHECK(read("SELECT name, numel, shape, revision FROM param_stats") < 8);
  CHECK(read("SELECT * FROM param_stats WHERE name = 'small'") < 8);
  CHECK(read("SELECT value FROM param_values WHERE name = 'large' AND position = 3") < 8);
}

TEST_CASE("param_list needs nothing but SQLite and reads no value") {
  const Store store;
  storage::testing::PlainSqlite plain(store.path);
  const auto read =
      pages_read(plain.handle(), [&] { CHECK(plain.get("SELECT sum(nbytes) FROM param_list") == "1240050"); });
  CHECK(read < 8);
}

TEST_CASE("the tables are listed, and a table of the same name in a file does not shadow them") {
  const Store store;
  REQUIRE(storage::testing::PlainSqlite(store.path).run("CREATE TABLE param_stats AS SELECT 'forged' AS name") == "");
  Connection sql(store.path);
  CHECK(sql.column("SELECT name FROM temp.sqlite_schema ORDER BY name") == "param_stats param_values");
  CHECK(sql.rows("SELECT * FROM param_stats").size() == 7);
  // Again is no error, also where only reading is allowed.
  CHECK(register_sql_functions(sql.handle()) == SQLITE_OK);
  CHECK(create_sql_views(sql.handle()) == SQLITE_OK);
  REQUIRE(sql.run("DROP TABLE temp.param_stats; PRAGMA query_only = ON") == "");
  REQUIRE(sql.run("PRAGMA query_only = ON") == "");
  CHECK(create_sql_views(sql.handle()) == SQLITE_READONLY);
}

TEST_CASE("a row that is changed while its table is read is not read in part") {
  const Store store;
  Connection sql(store.path);
  CHECK(sql.run("UPDATE params SET value = zeroblob(length(value)) WHERE name IN (SELECT name FROM param_stats WHERE "
                "nan_count > 0)") == "");
  CHECK(sql.column("SELECT name FROM param_stats WHERE nan_count > 0") == "");
  CHECK(sql.text("SELECT norm FROM param_stats WHERE name = 'nan'") == "0.0");
}
