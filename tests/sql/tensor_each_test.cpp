// The table-valued function tensor_each, and REGEXP.
#include <doctest/doctest.h>

#include <chrono>
#include <functional>

#include "sql/connection.h"
#include "sql/numbers.h"

using namespace paramstore;
using namespace paramstore::sql::testing;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string six = bytes_of(std::vector<float>{0, 1, 2, 3, 4, 5});

std::chrono::duration<double> time_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::steady_clock::now() - start;
}

}  // namespace

TEST_CASE("tensor_each has one row per element, in row-major order") {
  Connection sql;
  CHECK(sql.column("SELECT position || indices || value FROM tensor_each(?1, 'float32', '[2,3]')", {six}) ==
        "0[0,0]0.0 1[0,1]1.0 2[0,2]2.0 3[1,0]3.0 4[1,1]4.0 5[1,2]5.0");
  CHECK(sql.column("SELECT value || '/' || imag FROM tensor_each(?1, 'complex64', '[3]')", {six}) ==
        "0.0/1.0 2.0/3.0 4.0/5.0");
  CHECK(sql.column("SELECT indices || value FROM tensor_each(x'0000803f', 'float32', '[]')") == "[]1.0");
  CHECK(sql.rows("SELECT * FROM tensor_each(x'', 'float32', '[2,0]')").empty());
  const auto rows = sql.rows("SELECT * FROM tensor_each(?1, 'float32', '[6]')", {six});
  REQUIRE(rows.size() == 6);
  CHECK(rows[0].size() == 4);  // position, indices, value, imag
  CHECK(rows[0][3].is_null());
}

TEST_CASE("tensor_each also gives each index in a column of its own") {
  Connection sql;
  CHECK(sql.column("SELECT value FROM tensor_each(?1, 'float32', '[2,3]') WHERE i0 = 1 AND i1 >= 1", {six}) ==
        "4.0 5.0");
  CHECK(sql.column("SELECT i1 || i2 || coalesce(i3, '-') FROM tensor_each(?1, 'float32', '[1,2,3]')", {six}) ==
        "00- 01- 02- 10- 11- 12-");
  CHECK(sql.column("SELECT coalesce(i0, '-') FROM tensor_each(x'0000803f', 'float32', '[]')") == "-");
  // Row sums.
  CHECK(sql.column("SELECT sum(value) FROM tensor_each(?1, 'float32', '[2,3]') GROUP BY i0", {six}) == "3.0 12.0");
}

TEST_CASE("tensor_each seeks to a position directly, whatever it is compared with") {
  Connection sql;
  const auto at = [&](const std::string& position) {
    return sql.column("SELECT value FROM tensor_each(?1, 'float32', '[6]') WHERE position = " + position, {six});
  };
  CHECK(at("4") == "4.0");
  CHECK(at("4.0") == "4.0");
  CHECK(at("'4'") == "4.0");
  CHECK(at("4.5") == "");
  CHECK(at("6") == "");
  CHECK(at("-1") == "");
  CHECK(at("NULL") == "");
  CHECK(sql.column("SELECT value FROM tensor_each(?1, 'float32', '[6]') WHERE position IN (5, 0, 9)", {six}) ==
        "0.0 5.0");
  CHECK(sql.column("SELECT position FROM tensor_each(?1, 'float32', '[6]') ORDER BY position DESC LIMIT 2", {six}) ==
        "5 4");
  CHECK(sql.column("SELECT position FROM tensor_each(?1, 'float32', '[6]') ORDER BY position LIMIT 2", {six}) == "0 1");
}

TEST_CASE("tensor_each joins: with a table's rows, and with another tensor") {
  Connection sql;
  REQUIRE(sql.run("CREATE TABLE t(name, value, dtype, shape)") == "");
  REQUIRE(sql.run("INSERT INTO t VALUES ('a', ?1, 'float32', '[2,3]'), ('b', x'0000803f', 'float32', '[1]'),"
                  "('none', NULL, 'float32', '[1]')",
                  {six}) == "");
  CHECK(
      sql.column("SELECT name || '=' || e.value FROM t, tensor_each(t.value, t.dtype, t.shape) AS e WHERE e.value > 3 "
                 "OR name = 'b'") == "a=4.0 a=5.0 b=1.0");
  CHECK(
      sql.text("SELECT count(*) FROM tensor_each((SELECT value FROM t WHERE name = 'a'), 'float32', '[6]') AS x "
               "JOIN tensor_each((SELECT value FROM t WHERE name = 'a'), 'float32', '[3,2]') AS y USING (position)") ==
      "6");
  CHECK(sql.text("SELECT count(*) FROM t LEFT JOIN tensor_each(t.value, t.dtype, t.shape)") == "8");
}

TEST_CASE("tensor_each of a large tensor computes only the requested rows") {
  Connection sql;
  const std::string query = "FROM tensor_each(zeroblob(64000000), 'float32', '[16000000]') ";
  CHECK(time_of([&] { CHECK(sql.rows("SELECT * " + query + "LIMIT 3").size() == 3); }).count() < 1.0);
  CHECK(time_of([&] { CHECK(sql.rows("SELECT * " + query + "WHERE position = 15999999").size() == 1); }).count() < 1.0);
}

TEST_CASE("tensor_each refuses arguments that are not tensors") {
  Connection sql;
  CHECK(contains(sql.error("SELECT * FROM tensor_each"), "needs three arguments"));
  CHECK(contains(sql.error("SELECT * FROM tensor_each(x'00000000')"), "needs three arguments"));
  CHECK(contains(sql.error("SELECT * FROM tensor_each(x'00', 'float32', '[]')"), "tensor_each: value has 1 bytes"));
  CHECK(contains(sql.error("SELECT * FROM tensor_each('text', 'float32', '[]')"), "value must be a BLOB"));
  CHECK(contains(sql.error("SELECT * FROM tensor_each(x'00000000', 'float', '[]')"), "there is no dtype 'float'"));
  CHECK(contains(sql.error("SELECT * FROM tensor_each(x'00000000', 'float32', '[x]')"), "is not a shape"));
  CHECK(contains(sql.error("INSERT INTO tensor_each(value) VALUES (1)"), "may not be modified"));
  CHECK(sql.rows("SELECT * FROM tensor_each(NULL, 'float32', '[]')").empty());
}

TEST_CASE("functions and tables work in an untrusted schema") {
  Connection sql;
  REQUIRE(sql.run("PRAGMA trusted_schema = OFF") == "");
  REQUIRE(sql.run("CREATE TABLE t(value, norm AS (tensor_norm(value, 'float32')))") == "");
  REQUIRE(sql.run("INSERT INTO t(value) VALUES (x'0000803f')") == "");
  REQUIRE(sql.run("CREATE VIEW v AS SELECT e.value FROM t, tensor_each(t.value, 'float32', '[1]') AS e "
                  "WHERE 'abc' REGEXP 'b'") == "");
  CHECK(sql.text("SELECT norm FROM t") == "1.0");
  CHECK(sql.text("SELECT value FROM v") == "1.0");
}

TEST_CASE("REGEXP searches, as Python's re.search does") {
  Connection sql;
  const auto matches = [&](const std::string& text, const std::string& pattern) {
    return sql.text("SELECT '" + text + "' REGEXP '" + pattern + "'") == "1";
  };
  CHECK(matches("encoder.layer.3.weight", "layer"));
  CHECK(matches("encoder.layer.3.weight", "\\.\\d+\\.weight$"));
  CHECK_FALSE(matches("encoder.layer.3.weight", "^layer"));
  CHECK_FALSE(matches("encoder", "ENCODER"));
  CHECK(matches("encoder", "(?i)ENCODER"));
  CHECK(matches("größe", "^gr.ße$"));
  CHECK(matches("", "^$"));
  CHECK(matches("anything", ""));
  CHECK(matches("12", "^1"));
  CHECK(sql.text("SELECT 12 REGEXP '^1'") == "1");
  CHECK(sql.text("SELECT 'b' NOT REGEXP 'a'") == "1");
  CHECK(sql.cell("SELECT NULL REGEXP 'a'").is_null());
  CHECK(sql.cell("SELECT 'a' REGEXP NULL").is_null());
  // The pattern is compiled once; each row still has its own answer.
  CHECK(sql.column("SELECT column1 FROM (VALUES ('a1'), ('b'), ('a2')) WHERE column1 REGEXP 'a\\d'") == "a1 a2");
  // And each row its own pattern.
  CHECK(sql.column("SELECT column1 FROM (VALUES ('x', 'x'), ('y', 'x'), ('z', '.')) WHERE column1 REGEXP column2") ==
        "x z");
}

TEST_CASE("REGEXP refuses a pattern that does not compile or costs too much, and arguments that are not text") {
  Connection sql;
  CHECK(contains(sql.error("SELECT 'a' REGEXP '('"), "does not compile"));
  CHECK(contains(sql.error("SELECT 'a' REGEXP '[[:alpha:]]('"), "does not compile"));
  CHECK(contains(sql.error("SELECT 'a' REGEXP 7"), "regexp: the pattern must be TEXT, but is an INTEGER"));
  CHECK(contains(sql.error("SELECT x'61' REGEXP 'a'"), "the text must be TEXT, but is a BLOB"));
  CHECK(contains(sql.error("SELECT CAST(x'61ff' AS TEXT) REGEXP 'a'"), "cannot be matched with"));
  const std::string many(40, 'a');
  std::string message;
  CHECK(time_of([&] { message = sql.error("SELECT '" + many + "!' REGEXP '(a+)+$'"); }).count() < 10.0);
  CHECK(contains(message, "costs too much"));
  // An error in one row leaves the connection in order.
  CHECK(sql.text("SELECT 'a' REGEXP 'a'") == "1");
}
