// Files of older schemas: read as they are, and brought up to date when they are opened for writing.
#include <doctest/doctest.h>

#include "process.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

std::string script(const char* name) {
  return read_file(std::filesystem::path(PARAMSTORE_SOURCE_DIR) / "schema" / name);
}

// A store of version 1, as a library that knew no other made it: a small parameter, and one in two chunks.
void make_version_1(const std::filesystem::path& path) {
  PlainSqlite plain(path);
  REQUIRE(plain.run(script("0001-initial.sql")) == "");
  REQUIRE(plain.run("PRAGMA application_id = 1347571027; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;"
                    "INSERT INTO meta VALUES ('store_id', lower(hex(randomblob(16)))), ('created', '2024-02-29'),"
                    "('library_version', '0.1.0');"
                    "INSERT INTO params (name, dtype, shape, value) VALUES ('small', 'float32', '[2]', zeroblob(8))") ==
          "");
  REQUIRE(sqlite3_db_config(plain.handle(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr) == SQLITE_OK);
  REQUIRE(plain.run("INSERT INTO commits (message) VALUES (NULL);"
                    "INSERT INTO params (name, dtype, shape, revision, value) VALUES ('large', 'float32', '[2]', 2, "
                    "x''); INSERT INTO chunks (param, sequence, value) VALUES (2, 0, zeroblob(4)), (2, 1, "
                    "zeroblob(4))") == "");
}

}  // namespace

TEST_CASE("a file of version 1 is read as it is, and not changed by that") {
  const TemporaryFolder folder;
  make_version_1(folder / "a.db");
  const std::string before = read_file(folder / "a.db");
  {
    Database database(folder / "a.db", read_only());
    CHECK(database.main().count() == 2);
    CHECK(value_of(database.main(), "small") == std::vector<char>(8));
    CHECK(value_of(database.main(), "large") == std::vector<char>(8));
    CHECK(database.main().verify().damage.empty());
    database.main().copy_to(folder / "copy.db", nullptr);
  }
  CHECK(read_file(folder / "a.db") == before);
  CHECK(value_of(Database(folder / "copy.db").main(), "large") == std::vector<char>(8));
}

TEST_CASE("a file of version 1 that is opened for writing has the same schema afterwards as a new file") {
  const TemporaryFolder folder;
  make_version_1(folder / "a.db");
  {
    Database reader(folder / "a.db", read_only());
    Database database(folder / "a.db");
    CHECK(database.main().revision() == 2);
    CHECK(value_of(database.main(), "large") == std::vector<char>(8));
    add(database.main(), "new", some_bytes(8));
    CHECK(reader.main().count() == 3);
  }
  { Database fresh(folder / "b.db"); }
  const char* schema =
      "SELECT group_concat(sql, char(10)) FROM (SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, "
      "name)";
  CHECK(PlainSqlite(folder / "a.db").get(schema) == PlainSqlite(folder / "b.db").get(schema));
  CHECK(PlainSqlite(folder / "a.db").get("PRAGMA user_version") == "2");
  CHECK(Database(folder / "a.db", read_only()).main().count() == 3);
}

TEST_CASE("a file must match the schema of its own version to the letter, before anything is done to it") {
  for (const char* change : {"DROP TRIGGER chunks_guard", "DROP VIEW param_list", "PRAGMA user_version = 2",
                             "CREATE INDEX evil ON params (abs(revision))"}) {
    INFO(std::string(change));
    const TemporaryFolder folder;
    make_version_1(folder / "a.db");
    CHECK(PlainSqlite(folder / "a.db").run(change) == "");
    const std::string before = read_file(folder / "a.db");
    CHECK_THROWS_AS(Database(folder / "a.db", read_only()), CorruptStore);
    CHECK_THROWS_AS(Database(folder / "a.db"), CorruptStore);
    CHECK(read_file(folder / "a.db") == before);
  }
  const TemporaryFolder folder;
  { Database database(folder / "a.db"); }
  CHECK(PlainSqlite(folder / "a.db").run("PRAGMA user_version = 1") == "");
  CHECK_THROWS_AS(Database(folder / "a.db"), CorruptStore);
}

TEST_CASE("eight processes that open an old file at once all get it, migrated") {
  for (int round = 0; round < 4; ++round) {
    const TemporaryFolder folder;
    make_version_1(folder / "a.db");
    std::vector<std::unique_ptr<ChildProcess>> children;
    for (int i = 0; i < 8; ++i) {
      children.push_back(std::make_unique<ChildProcess>([&folder, i] {
        OpenOptions options;
        options.busy_timeout = std::chrono::seconds(60);
        options.read_only = i % 2 == 1;
        Database database(folder / "a.db", options);
        return value_of(database.main(), "large") == std::vector<char>(8) ? std::string("read") : std::string("wrong");
      }));
    }
    for (auto& child : children) CHECK(child->wait() == "read");
    CHECK(PlainSqlite(folder / "a.db").get("PRAGMA user_version") == "2");
  }
}

TEST_CASE("a library does not write into a file that a newer one has migrated meanwhile") {
  const TemporaryFolder folder;
  Database database(folder / "a.db");
  add(database.main(), "a", some_bytes(8));
  CHECK(PlainSqlite(folder / "a.db").run("PRAGMA user_version = 3") == "");
  CHECK_THROWS_AS(add(database.main(), "b", some_bytes(8)), SchemaTooNew);
  CHECK(PlainSqlite(folder / "a.db").run("PRAGMA user_version = 2") == "");
  add(database.main(), "b", some_bytes(8));
  CHECK(database.main().revision() == 2);
}
