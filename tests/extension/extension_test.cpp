// The loadable extension in this process: constrained values are the library's own.
#include <ATen/ATen.h>
#include <paramstore/paramstore.h>
#include <sqlite3.h>

#include <cstring>
#include <random>

#include "constraint/examples.h"
#include "sql/connection.h"
#include "store/temporary_store.h"

#include <doctest/doctest.h>  // last: the glog that Debian's LibTorch includes has a CHECK of its own

using namespace paramstore::sql::testing;
using paramstore::Constraint;
using paramstore::ParamStore;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string load_extension(sqlite3* handle) {
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, nullptr);
  char* message = nullptr;
  sqlite3_load_extension(handle, PARAMSTORE_EXTENSION, nullptr, &message);
  const std::string result = message == nullptr ? "" : message;
  sqlite3_free(message);
  return result;
}

Connection extended(const std::filesystem::path& path = ":memory:") {
  Connection sql(path);
  REQUIRE(load_extension(sql.handle()) == "");
  return sql;
}

std::string bytes_of(const at::Tensor& tensor) {
  const at::Tensor plain = tensor.detach().contiguous();
  return {static_cast<const char*>(plain.data_ptr()), plain.nbytes()};
}

std::string shape_of(const at::Tensor& tensor) { return paramstore::storage::shape_to_json(tensor.sizes().vec()); }

}  // namespace

TEST_CASE("constrained() equals the store's value, for every constraint") {
  at::manual_seed(5);
  for (const auto& example : paramstore::testing::transform_examples()) {
    for (const auto dtype : {at::kFloat, at::kDouble}) {
      INFO(example.tag << " " << c10::toString(dtype));
      const TemporaryStore file;
      ParamStore store(file.path());
      std::vector<std::int64_t> shape = example.event;
      shape.insert(shape.begin(), 2);
      paramstore::StateDict state;
      state.params.insert("x", at::randn(shape, dtype).set_requires_grad(true));
      state.constraints.insert("x", Constraint::parse(example.tag));
      store.set_state(state);
      const at::Tensor expected = store["x"].detach().to(dtype);

      Connection sql = extended(file.path());
      CHECK(sql.text("SELECT constrained(value, dtype, shape, constraint_tag) FROM params") == bytes_of(expected));
      CHECK(sql.text("SELECT constrained_shape(value, dtype, shape, constraint_tag) FROM params") ==
            shape_of(expected));
      const auto rows = sql.rows("SELECT constrained FROM param_values");
      REQUIRE(rows.size() == static_cast<std::size_t>(store.unconstrained("x").numel()));
      const at::Tensor flat = expected.to(at::kDouble).flatten();
      const bool same_shape = expected.sizes() == store.unconstrained("x").sizes();
      bool agree = true;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        agree = agree && (same_shape ? rows[i][0].number == flat[static_cast<std::int64_t>(i)].item<double>()
                                     : rows[i][0].is_null());
      }
      CHECK(agree);
    }
  }
}

TEST_CASE("constrained() keeps the dtype, half and complex ones too") {
  Connection sql = extended();
  CHECK(sql.text("SELECT hex(constrained(x'003C', 'float16', '[]', 'real'))") == "003C");
  CHECK(sql.text("SELECT hex(constrained(x'0000', 'bfloat16', '[1]', 'positive'))") == "803F");
  CHECK(sql.text("SELECT hex(constrained(x'0000803F00000040', 'complex64', '[]', 'real'))") == "0000803F00000040");
  CHECK(sql.text("SELECT length(constrained(x'', 'float32', '[0,3]', 'positive'))") == "0");
  CHECK(sql.text("SELECT constrained_shape(x'', 'float32', '[0,3]', 'positive')") == "[0,3]");
  // A bound that is a tensor broadcasts.
  CHECK(sql.text("SELECT constrained_shape(x'00000000', 'float32', '[]', 'greater_than(float32[1.0,2.0])')") == "[2]");
  CHECK(sql.text("SELECT tensor_json(constrained(x'00000000', 'float32', '[]', 'greater_than(float32[1.0,2.0])'), "
                 "'float32', '[2]')") == "[2.0,3.0]");
}

TEST_CASE("constrained() refuses what it cannot do, and says why") {
  Connection sql = extended();
  CHECK(contains(sql.error("SELECT constrained(x'00000000', 'float32', '[]', 'no_such_constraint')"), "constrained: "));
  CHECK(contains(sql.error("SELECT constrained(x'00000000', 'float32', '[]', 'no_such_constraint')"),
                 "no_such_constraint"));
  CHECK(sql.error("SELECT constrained(x'00000000', 'float32', '[]', 'interval(')") != "");
  CHECK(sql.error("SELECT constrained(x'00000000', 'float32', '[]', 'lower_cholesky')") != "");
  CHECK(contains(sql.error("SELECT constrained(x'00', 'float32', '[]', 'positive')"), "value has 1 bytes"));
  CHECK(contains(sql.error("SELECT constrained(1, 'float32', '[]', 'positive')"), "value must be a BLOB"));
  CHECK(contains(sql.error("SELECT constrained(x'00000000', 'float32', '[]', 5)"), "constraint_tag must be TEXT"));
  CHECK(sql.cell("SELECT constrained(NULL, 'float32', '[]', 'positive')").is_null());
  CHECK(sql.cell("SELECT constrained(x'00000000', 'float32', '[]', NULL)").is_null());
}

TEST_CASE("unconstrained() is the library's inverse, for every constraint") {
  at::manual_seed(6);
  Connection sql = extended();
  for (const auto& example : paramstore::testing::transform_examples()) {
    INFO(example.tag);
    const auto transform = paramstore::transform_to(Constraint::parse(example.tag));
    std::vector<std::int64_t> shape = example.event;
    shape.insert(shape.begin(), 2);
    const at::Tensor value = transform(at::randn(shape, at::kDouble)).contiguous();
    const at::Tensor expected = transform.inv(value);
    const std::string arguments = "(?1, 'float64', '" + shape_of(value) + "', '" + example.tag + "')";
    CHECK(sql.text("SELECT unconstrained" + arguments, {bytes_of(value)}) == bytes_of(expected));
    CHECK(sql.text("SELECT unconstrained_shape" + arguments, {bytes_of(value)}) == shape_of(expected));
  }
  CHECK(sql.text("SELECT hex(unconstrained(x'803F', 'bfloat16', '[]', 'positive'))") == "0000");
  CHECK(sql.text("SELECT length(unconstrained(x'', 'float32', '[0,3]', 'positive'))") == "0");
  CHECK(sql.text("SELECT unconstrained_shape(x'', 'float32', '[0,3]', 'positive')") == "[0,3]");
  CHECK(sql.cell("SELECT unconstrained(NULL, 'float32', '[]', 'positive')").is_null());
}

TEST_CASE("unconstrained() refuses a value outside the constraint, and says where") {
  Connection sql = extended();
  CHECK(sql.error("SELECT unconstrained(x'000080BF', 'float32', '[]', 'positive')") ==
        "unconstrained: expected a value under the constraint 'positive', found -1");
  CHECK(sql.error("SELECT unconstrained(?1, 'float32', '[2,2]', 'unit_interval')",
                  {bytes_of(std::vector<float>{0.5F, 2, 3, 0.5F})}) ==
        "unconstrained: expected a value under the constraint 'unit_interval', found 2 at index [0, 1] and 1 more");
  CHECK(sql.error("SELECT unconstrained_shape(?1, 'float32', '[2,2]', 'simplex')",
                  {bytes_of(std::vector<float>{0.5F, 0.5F, 3, 0.5F})}) ==
        "unconstrained_shape: expected a value under the constraint 'simplex', which this is not at index [1]");
  CHECK(contains(sql.error("SELECT unconstrained(x'00000000', 'float32', '[]', 'boolean')"), "boolean"));
  CHECK(contains(sql.error("SELECT unconstrained(x'00000000', 'float32', '[]', 'strange')"), "strange"));
  CHECK(contains(sql.error("SELECT unconstrained(x'00', 'float32', '[]', 'positive')"), "value has 1 bytes"));
}

TEST_CASE("param_values names the parameter whose constraint is unknown, if its constrained value is requested") {
  const TemporaryStore file;
  {
    ParamStore store(file.path());
    store.setdefault("known", at::ones({2}), paramstore::constraints::positive);
    store.setdefault("strange", at::ones({2}));
  }
  Connection sql = extended(file.path());
  REQUIRE(sql.run("UPDATE params SET constraint_tag = 'of_a_stranger' WHERE name = 'strange'") == "");
  CHECK(sql.column("SELECT value FROM param_values") == "0.0 0.0 1.0 1.0");
  CHECK(sql.column("SELECT constrained FROM param_values WHERE name = 'known'") == "1.0 1.0");
  const std::string message = sql.error("SELECT constrained FROM param_values");
  CHECK(contains(message, "parameter 'strange'"));
  CHECK(contains(message, "of_a_stranger"));
}

TEST_CASE("the extension can be loaded twice, into several connections, and outlives them") {
  {
    Connection first = extended();
    CHECK(load_extension(first.handle()) == "");
    const Connection second = extended();
    CHECK(first.text("SELECT hex(constrained(x'0000', 'bfloat16', '[]', 'positive'))") == "803F");
  }
  Connection third = extended();
  CHECK(third.text("SELECT hex(constrained(x'0000', 'bfloat16', '[]', 'positive'))") == "803F");
  CHECK(third.column("SELECT name FROM temp.sqlite_schema ORDER BY name") == "param_stats param_values");
  // Where nothing may be written it loads all the same.
  Connection reading;
  REQUIRE(reading.run("DROP TABLE temp.param_stats") == "");
  REQUIRE(reading.run("DROP TABLE temp.param_values") == "");
  REQUIRE(reading.run("PRAGMA query_only = ON") == "");
  CHECK(load_extension(reading.handle()) == "");
  CHECK(contains(reading.error("SELECT constrained FROM param_values"), "no such table: main.params"));
}
