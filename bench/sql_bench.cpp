// SQL queries on a store.
#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench.h"
#include "data.h"
#include "lib/sql/functions.h"

namespace bench {
namespace {

using benchmark::DoNotOptimize;
using benchmark::State;

constexpr int rounds = 15;
constexpr std::size_t value_size = 64 << 20;

/// A connection with the SQL functions.
class Connection {
 public:
  explicit Connection(const std::string& path) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open(path.c_str(), &opened);
    handle_.reset(opened);
    check(code);
    check(paramstore::register_sql_functions(opened));
  }
  sqlite3* handle() const noexcept { return handle_.get(); }
  void check(int code) const {
    if (code != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(handle()));
  }

 private:
  struct Closer {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Closer> handle_;
};

/// A query that is run to its end, again and again. `value`, if there is one, is bound to ?1 and must outlive it.
class Query {
 public:
  Query(const Connection& connection, const std::string& sql, const std::vector<char>* value = nullptr)
      : connection_(connection) {
    sqlite3_stmt* prepared = nullptr;
    connection.check(sqlite3_prepare_v2(connection.handle(), sql.c_str(), -1, &prepared, nullptr));
    statement_.reset(prepared);
    if (value != nullptr) {
      connection.check(sqlite3_bind_blob64(prepared, 1, value->data(), value->size(), SQLITE_STATIC));
    }
  }
  void run() const {
    int rows = 0;
    while (sqlite3_step(statement_.get()) == SQLITE_ROW) ++rows;
    connection_.check(sqlite3_reset(statement_.get()));
    if (rows == 0) throw std::runtime_error("a query without an answer");
  }

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  const Connection& connection_;
  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

Side query_side(const char* name, const std::shared_ptr<Connection>& connection, const std::string& sql,
                const std::shared_ptr<std::vector<char>>& value = nullptr) {
  return {name, [connection, sql, value](State& state) {
            const Query query(*connection, sql, value.get());
            for (auto _ : state) query.run();
          }};
}

/// Numbers between -1 and 1, or complex numbers with such parts: no NaN, nothing subnormal.
std::shared_ptr<std::vector<char>> make_value(const std::string& dtype) {
  auto value = std::make_shared<std::vector<char>>(value_size);
  std::mt19937 random(7);
  std::uniform_real_distribution<float> between(-1.0F, 1.0F);
  const auto fill = [&](auto next) {
    for (std::size_t at = 0; at < value_size; at += sizeof next()) {
      const auto number = next();
      std::memcpy(value->data() + at, &number, sizeof number);
    }
  };
  const auto upper_half = [&] {
    const float number = between(random);
    std::uint32_t bits = 0;
    std::memcpy(&bits, &number, sizeof bits);
    return static_cast<std::uint16_t>(bits >> 16);
  };
  if (dtype == "bfloat16") {
    fill(upper_half);
  } else if (dtype == "float16") {
    // A sign, an exponent from 2^-13 to 2^-1, ten more bits.
    fill([&] {
      const auto bits = static_cast<std::uint32_t>(random());
      return static_cast<std::uint16_t>((bits & 0x83FFU) | ((bits >> 16) % 13 + 2) << 10);
    });
  } else if (dtype == "float64") {
    fill([&] { return static_cast<double>(between(random)); });
  } else {
    fill([&] { return between(random); });
  }
  return value;
}

std::vector<Side> statistic(const std::string& function, const std::string& dtype) {
  const auto connection = std::make_shared<Connection>(":memory:");
  const auto value = make_value(dtype);
  Side read{"read", [value](State& state) {
              for (auto _ : state) {
                std::uint64_t sum = 0;
                for (std::size_t at = 0; at < value_size; at += sizeof sum) {
                  std::uint64_t word = 0;
                  std::memcpy(&word, value->data() + at, sizeof word);
                  sum += word;
                }
                DoNotOptimize(sum);
              }
            }};
  return {query_side("ours", connection, "SELECT tensor_" + function + "(?1, '" + dtype + "')", value), read};
}

struct StoreFile {
  File file{"sql.params.db"};
  std::shared_ptr<Connection> connection;

  StoreFile(int count, std::int64_t numel) {
    write_store(file.path(), make_tensors(count, numel));
    connection = std::make_shared<Connection>(file.path().string());
  }
};

/// All statistics of a file's values, beside only reading the values out of SQLite.
std::vector<Side> param_stats() {
  const auto store = std::make_shared<StoreFile>(2, value_size / sizeof(float));
  Side ours{"ours", [store](State& state) {
              const Query query(*store->connection, "SELECT * FROM param_stats");
              for (auto _ : state) query.run();
            }};
  Side read{"blob_read", [store](State& state) {
              std::vector<char> piece(256 << 10);
              const Connection& connection = *store->connection;
              for (auto _ : state) {
                for (const sqlite3_int64 row : {1, 2}) {
                  sqlite3_blob* blob = nullptr;
                  connection.check(sqlite3_blob_open(connection.handle(), "main", "params", "value", row, 0, &blob));
                  const int size = sqlite3_blob_bytes(blob);
                  const int length = static_cast<int>(piece.size());
                  for (int at = 0; at < size; at += length) {
                    connection.check(sqlite3_blob_read(blob, piece.data(), std::min(length, size - at), at));
                  }
                  sqlite3_blob_close(blob);
                }
              }
            }};
  return {ours, read};
}

/// The list of many parameters, beside reading the columns it is made of.
std::vector<Side> param_list() {
  const auto store = std::make_shared<StoreFile>(100'000, 64);
  const auto side = [&](const char* name, const std::string& sql) {
    return Side{name, [store, sql](State& state) {
                  const Query query(*store->connection, sql);
                  for (auto _ : state) query.run();
                }};
  };
  return {side("ours", "SELECT * FROM param_list"),
          side("columns", "SELECT id, name, constraint_tag, dtype, shape, device, revision, checksum FROM params")};
}

}  // namespace

std::vector<Work> sql_works() {
  std::vector<Work> works;
  for (const char* function : {"min", "mean", "std", "norm", "nan_count"}) {
    for (const std::string dtype : {"float32", "float64", "float16", "bfloat16", "complex64"}) {
      const std::string statistic_name = function;
      if (dtype == "complex64" && (statistic_name == "min" || statistic_name == "mean")) continue;  // undefined
      works.push_back({std::string("sql/64MiB/") + dtype + "/" + function, rounds,
                       [function, dtype] { return statistic(function, dtype); }});
    }
  }
  works.push_back({"sql/param_stats/2x64MiB", 5, param_stats});
  works.push_back({"sql/param_list/100000", 5, param_list});
  return works;
}

}  // namespace bench
