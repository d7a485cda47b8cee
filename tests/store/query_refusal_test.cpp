// ParamStore::query only reads, and says what is wrong with what it refuses.
#include <ATen/ATen.h>
#include <sqlite3.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

#include "paramstore/error.h"
#include "paramstore/paramstore.h"
#include "store/query_support.h"
#include "store/temporary_store.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>

namespace {

using namespace paramstore;

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

TEST_CASE("statements that only report something are allowed") {
  TemporaryStore file;
  const ParamStore store = small_store(file);
  CHECK(number(store, "PRAGMA user_version") == 2);
  CHECK(column(store, "SELECT name FROM pragma_table_info('params') WHERE pk") == "id");
  CHECK(column(store, "SELECT value FROM json_each('[\"a\", \"b\"]')") == "a b");
  CHECK(column(store, "PRAGMA integrity_check") == "ok");
  CHECK(store.query("EXPLAIN QUERY PLAN SELECT * FROM params WHERE id = 1").one().size() == 4);
  CHECK(number(store, "SELECT 1; -- and no more\n") == 1);
}

TEST_CASE("several statements are an Error, and so is an empty text") {
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

TEST_CASE("an error of SQLite is a StorageError with the file, SQLite's message and the SQL") {
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

TEST_CASE("a damaged value does not crash: SQL shows its bytes, and a damaged page is CorruptStore") {
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
  CHECK_THROWS_AS(ask("SELECT norm FROM param_stats"), CorruptStore);
}

TEST_CASE("a table that reads a damaged row throws CorruptStore with the parameter's name") {
  TemporaryStore file;
  {
    ParamStore store(file.path());
    store.setdefault("w", at::zeros({2}));
  }
  // As another tool can write it: the schema has no objection.
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(file.path().c_str(), &handle) == SQLITE_OK);
  REQUIRE(sqlite3_exec(handle,
                       "INSERT INTO params (name, dtype, shape, value) VALUES ('big', 'float32', '[300000000]', x'')",
                       nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(handle);
  const ParamStore store(file.path());
  for (const char* sql : {"SELECT norm FROM param_stats", "SELECT value FROM param_values"}) {
    const std::string message = message_of<CorruptStore>([&] {
      for (const auto& row : store.query(sql)) static_cast<void>(row);
    });
    CHECK(contains(message, "parameter 'big': the value is missing"));
    CHECK(contains(message, file.path()));
  }
}

}  // namespace
