// Rows that a stranger wrote, past every check of the schema: a program that uses such a store in every way gets values
// or paramstore's errors, and no more memory than the file's size justifies. What damaged bytes do is in
// ../storage/hostile_test.cpp.
#include <ATen/ATen.h>
#include <sys/resource.h>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <typeinfo>
#include <utility>
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

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool counts_memory = false;
#else
constexpr bool counts_memory = true;
#endif

std::uint64_t number_from_environment(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::string repeated(const std::string& piece, int times, const std::string& between) {
  std::string text = piece;
  for (int i = 1; i < times; ++i) text += between + piece;
  return text;
}

const std::vector<std::string>& tags() {
  static const std::vector<std::string> all{
      "real",
      "positive",
      "unit_interval",
      "simplex",
      "sphere",
      "lower_cholesky",
      "corr_cholesky",
      "corr_matrix",
      "positive_definite",
      "ordered_vector",
      "positive_ordered_vector",
      "unit_lower_cholesky",
      "boolean",
      "dependent",
      "multinomial(3.0)",
      "one_hot",
      "symmetric",
      "interval(inf, -inf)",
      "interval(-1e308, 1e308)",
      "less_than(-inf)",
      "interval(float32[0.0,1.0], float32[2.0,3.0,4.0])",
      "interval(int8[[0],[1]], int64[5,6,7])",
      "greater_than(float64[](0,3))",
      "greater_than(float16[[[[1.0]]]])",
      "independent(positive, 0)",
      "independent(positive, 64)",
      "independent(simplex, 3)",
      "stack([real, positive], 0)",
      "stack([simplex], -3)",
      "stack([real, lower_cholesky], 63)",
      "cat([simplex, real], -1, [3, 1])",
      "cat([positive, real], 0, [0, 0])",
      "cat([real], -64, [1099511627776])",
      "MixtureSameFamilyConstraint(simplex)",
      "registered_by_nobody",
      "registered_by_nobody(1.0, [real, [2, 3]], float32[1.0])",
      "independent(registered_by_nobody, 1)",
      "",
      "nan",
      "\x80",
      "interval(0.0 1.0)",
      "positive(",
      "cat([], 0, [])",
      std::string("real\0positive", 13),
      repeated("independent(", 70, "") + "real" + repeated(", 1)", 70, ""),
      repeated("independent(", 60, "") + "real" + repeated(", 1)", 60, ""),
      "greater_than(int8[" + repeated("0", 20000, ",") + "])",
      "greater_than(int8[" + repeated("[0]", 20000, ",") + "])",
      "interval(int8[" + repeated("0", 9000, ",") + "], int8[" + repeated("[1]", 9000, ",") + "])"};
  return all;
}

const std::vector<std::string> dtypes{"float16",    "bfloat16", "float32", "float64", "complex64",
                                      "complex128", "quint8",   "int64",   "Float32", ""};
const std::vector<std::string> shapes{"[]",
                                      "[0]",
                                      "[1]",
                                      "[4]",
                                      "[2,2]",
                                      "[ 2 , 2 ]",
                                      "[4,1]",
                                      "[20000,1]",
                                      "[1,20000]",
                                      "[-4]",
                                      "[4",
                                      "4]",
                                      "[4.0]",
                                      "[04]",
                                      "[1e3]",
                                      "[4,]",
                                      "[[4]]",
                                      "null",
                                      "",
                                      "[9223372036854775807]",
                                      "[9223372036854775808]",
                                      "[4294967296,4294967296]",
                                      "[1000,1000000000000,0]",
                                      "[0,9223372036854775807]",
                                      "[" + repeated("1", 64, ",") + "]",
                                      "[" + repeated("1", 65, ",") + "]"};
const std::vector<std::string> devices{"cpu", "cpu:0",    "cpu:7", "cuda:0", "cuda:99999999999", "mps", "meta", "CPU",
                                       "",    "a device", "\xff",  "vulkan", "privateuseone:0"};
const std::vector<std::string> names{"a",    "b",  "", "\xc3", std::string("a\0b", 3), std::string(1025, 'n'),
                                     "a\nb", "$$$"};
const std::vector<std::int64_t> integers{INT64_MIN, -1, 0, 1, 2, 3, std::int64_t{1} << 62, INT64_MAX - 1, INT64_MAX};
const std::vector<std::int64_t> lengths{0, 1, 3, 4, 8, 16, 32, 64, 80000, 80001};

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(engine_); }
  template <class T>
  const T& of(const std::vector<T>& all) {
    return all[below(all.size())];
  }

 private:
  std::mt19937_64 engine_;
};

/// A connection that no CHECK and no trigger holds back.
class Forger {
 public:
  explicit Forger(const std::string& path) {
    REQUIRE(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK);
    sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    REQUIRE(sqlite3_exec(handle_, "PRAGMA ignore_check_constraints = ON", nullptr, nullptr, nullptr) == SQLITE_OK);
  }
  ~Forger() { sqlite3_close(handle_); }
  Forger(const Forger&) = delete;
  Forger& operator=(const Forger&) = delete;

  /// Gives a column of a row another value. What even STRICT and UNIQUE forbid stays as it was.
  template <class Bind>
  void forge(const std::string& column, std::int64_t id, const Bind& bind) {
    sqlite3_stmt* statement = nullptr;
    const std::string sql = "UPDATE OR IGNORE params SET " + column + " = ?1 WHERE id = ?2";
    REQUIRE(sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
    bind(statement);
    sqlite3_bind_int64(statement, 2, id);
    const int code = sqlite3_step(statement);
    CHECK((code == SQLITE_DONE || (code & 0xff) == SQLITE_CONSTRAINT));
    sqlite3_finalize(statement);
  }

  void text(const std::string& column, std::int64_t id, const std::string& value) {
    forge(column, id, [&](sqlite3_stmt* statement) {
      sqlite3_bind_text(statement, 1, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
    });
  }
  void integer(const std::string& column, std::int64_t id, std::int64_t value) {
    forge(column, id, [&](sqlite3_stmt* statement) { sqlite3_bind_int64(statement, 1, value); });
  }
  void zeros(std::int64_t id, std::int64_t size) {
    forge("value", id, [&](sqlite3_stmt* statement) { sqlite3_bind_zeroblob(statement, 1, static_cast<int>(size)); });
    forge("checksum", id, [](sqlite3_stmt* statement) { sqlite3_bind_null(statement, 1); });
  }

 private:
  sqlite3* handle_ = nullptr;
};

void forge_something(Forger& forger, Random& random) {
  const auto id = static_cast<std::int64_t>(1 + random.below(4));
  switch (random.below(9)) {
    case 0:
    case 1:
    case 2:
      return forger.text("constraint_tag", id, random.of(tags()));
    case 3: {  // a value that is as long as it says
      constexpr std::pair<const char*, std::int64_t> sound[] = {
          {"[20000,1]", 80000}, {"[1,20000]", 80000}, {"[4]", 16}, {"[2,2]", 16}, {"[]", 4}, {"[0]", 0}, {"[1]", 4}};
      const auto& [shape, size] = sound[random.below(std::size(sound))];
      forger.text("dtype", id, "float32");
      forger.text("shape", id, shape);
      return forger.zeros(id, size);
    }
    case 4:
      return forger.text("dtype", id, random.of(dtypes));
    case 5:
      return forger.text("shape", id, random.of(shapes));
    case 6:
      return forger.text("device", id, random.of(devices));
    case 7:
      return random.below(3) == 0 ? forger.text("name", id, random.of(names))
                                  : forger.integer(random.below(2) == 0 ? "id" : "revision", id, random.of(integers));
    default:
      return forger.zeros(id, random.of(lengths));
  }
}

/// Does one thing. It works, or throws an Error.
void attempt(const char* what, const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(std::string(error.what()).size() < 10'000);
  } catch (const std::exception& error) {
    FAIL_CHECK(what << " threw " << typeid(error).name() << ": " << error.what());
  }
}

void use_parameter(ParamStore& store, const std::string& name) {
  attempt("constraint", [&] {
    const Constraint constraint = store.constraint(name);
    attempt("event_dim", [&] { constraint.event_dim(); });
    attempt("is_discrete", [&] { constraint.is_discrete(); });
    attempt("transform_to", [&] { transform_to(constraint); });
    attempt("check", [&] { constraint.check(store.unconstrained(name)); });
  });
  attempt("operator[]", [&] {
    const Param value = store[name];
    attempt("set", [&] { store.set(name, value.detach()); });
  });
  attempt("setdefault", [&] { store.setdefault(name, at::zeros({4})); });
  attempt("unconstrained", [&] { store.unconstrained(name).data().add_(1); });
  attempt("commit", [&] { store.commit(); });
}

void use(const TemporaryStore& file, Random& random) {
  attempt("a store", [&] {
    ParamStore store(file.path(), StoreOptions().durability(Durability::process_crash));
    std::vector<std::function<void()>> calls{
        [&] { attempt("size", [&] { store.size(); }); },
        [&] {
          attempt("items", [&] {
            for (auto [name, value] : store.items()) (void)value.sum();
          });
        },
        [&] { attempt("named_parameters", [&] { store.named_parameters(); }); },
        [&] {
          attempt("get_state", [&] {
            const StateDict state = store.get_state();
            store.set_state(state);
          });
        },
        [&] { attempt("match", [&] { store.match("[abc].*"); }); },
        [&] { attempt("refresh", [&] { store.refresh(); }); },
        [&] {
          attempt("param_list", [&] {
            for (const auto& row : store.query("SELECT * FROM param_list")) (void)row;
          });
        },
        [&] {
          attempt("param_stats", [&] {
            for (const auto& row : store.query("SELECT * FROM param_stats")) (void)row;
          });
        },
        [&] {
          attempt("param_values", [&] {
            for (const auto& row : store.query("SELECT * FROM param_values LIMIT 100")) (void)row;
          });
        },
        [&] { attempt("save", [&] { store.save(file.folder() / "saved.params.db"); }); },
        [&] { attempt("load", [&] { ParamStore::in_memory().load(file.path()); }); },
        [&] {
          attempt("keys", [&] {
            std::vector<std::string> all;
            for (const std::string& name : store.keys()) all.push_back(name);
            for (const std::string& name : all) use_parameter(store, name);
          });
        },
        [&] {
          for (const char* name : {"a", "b", "c", "d"}) use_parameter(store, name);
        },
        [&] {
          attempt("scope", [&] {
            auto guard = store.scope("s");
            store.load(file.path());
          });
        },
        [&] {
          attempt("batch", [&] {
            auto batch = store.batch();
            batch.set("a", at::zeros({4}));
            batch.erase("b");
            batch.commit();
          });
        },
        [&] { attempt("erase", [&] { store.erase("c"); }); }};
    std::vector<std::size_t> order(calls.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    for (const std::size_t call : order) calls[call]();
    attempt("clear", [&] { store.clear(); });
    attempt("setdefault after clear", [&] { store.setdefault("a", at::ones({2}), constraints::positive); });
    attempt("close", [&] { store.close(); });
  });
}

long peak_kibibytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

TEST_CASE("rows from another tool give values or errors, and take no more memory than they justify") {
  const std::uint64_t rounds = number_from_environment("PARAMSTORE_FUZZ_ROUNDS", 150);
  const std::uint64_t first = number_from_environment("PARAMSTORE_FUZZ_SEED", 1);
  const CapturedWarnings silence;
  long before = 0;
  for (std::uint64_t seed = first; seed < first + rounds; ++seed) {
    CAPTURE(seed);
    const TemporaryStore file;
    {
      ParamStore store(file.path(), StoreOptions().durability(Durability::process_crash));
      store.setdefault("a", at::ones({4}), constraints::positive);
      store.setdefault("b", at::ones({2, 2}));
      store.setdefault("c", at::full({4}, 0.25), constraints::simplex);
      store.setdefault("d", at::ones({}));
    }
    Random random(seed);
    {
      Forger forger(file.path().string());
      for (std::size_t i = 1 + random.below(4); i > 0; --i) forge_something(forger, random);
    }
    use(file, random);
    if (seed == first) before = peak_kibibytes();
  }
  // 2^24 elements, which a bound may stretch a value to, and what becomes of them on the way.
  if (counts_memory) CHECK(peak_kibibytes() - before < 800'000);
}

}  // namespace
