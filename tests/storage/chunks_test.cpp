// Values that are too long for one row.
#include <doctest/doctest.h>

#include <chrono>
#include <cstdlib>

#include "lib/storage/store_internals.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

InternalOptions chunks_of(std::size_t size) {
  InternalOptions options;
  options.max_value_length = size;
  return options;
}

}  // namespace

TEST_CASE("a value over the limit is split, and comes back whole") {
  const TemporaryFolder folder;
  Database database = open_database(folder / "a.params.db", chunks_of(1000));
  StoreFile& file = database.main();
  for (const std::size_t size : {std::size_t{1000}, std::size_t{1004}, std::size_t{2000}, std::size_t{9'999'000}}) {
    INFO(size);
    const std::string name = std::to_string(size);
    const auto id = add(file, name, some_bytes(size, 1));
    CHECK(value_of(file, name) == some_bytes(size, 1));
    const auto value = some_bytes(size, 2);
    WriteTransaction transaction(file);
    CHECK_FALSE(transaction.update_value(id, 77, bytes_of(value), 0));
    CHECK(transaction.update_value(id, std::nullopt, bytes_of(value), value_checksum(bytes_of(value))));
    transaction.commit();
    CHECK(value_of(file, name) == value);
    CHECK(file.find(name)->revision == file.revision());
  }
  PlainSqlite plain(folder / "a.params.db");
  CHECK(plain.get("SELECT group_concat(n) FROM (SELECT count(*) AS n FROM chunks GROUP BY param)") == "2,2,9999");
  CHECK(plain.get("SELECT group_concat(nbytes) FROM param_list") == "1000,1004,2000,9999000");
  // Another limit reads and overwrites them just the same.
  Database other = open_database(folder / "a.params.db", chunks_of(1'000'000));
  const auto value = some_bytes(9'999'000, 3);
  WriteTransaction transaction(other.main());
  CHECK(transaction.update_value(other.main().find("9999000")->id, std::nullopt, bytes_of(value),
                                 value_checksum(bytes_of(value))));
  transaction.commit();
  std::vector<std::vector<char>> values;
  database.main().read_all([&](const ParamRecord& record) {
    return values.emplace_back(static_cast<std::size_t>(*value_size(record.shape, record.dtype))).data();
  });
  CHECK(values.back() == value);
}

TEST_CASE("replacing and erasing leave no chunks behind") {
  const TemporaryFolder folder;
  Database database = open_database(folder / "a.params.db", chunks_of(1000));
  PlainSqlite plain(folder / "a.params.db");
  StoreFile& file = database.main();
  const auto id = add(file, "a", some_bytes(5000));
  const auto replace = [&](std::size_t size) {
    const auto value = some_bytes(size, size);
    WriteTransaction transaction(file);
    CHECK(transaction.replace(id, std::nullopt, float_record("a", value), bytes_of(value)));
    transaction.commit();
    CHECK(value_of(file, "a") == value);
    return plain.get("SELECT count(*) FROM chunks");
  };
  CHECK(replace(2004) == "3");
  CHECK(replace(100) == "0");
  CHECK(replace(3000) == "3");
  {
    WriteTransaction transaction(file);
    CHECK(transaction.erase(id, std::nullopt));
    transaction.commit();
  }
  CHECK(plain.get("SELECT count(*) FROM chunks") == "0");
  add(file, "b", some_bytes(5000));
  {
    WriteTransaction transaction(file);
    transaction.clear();
    transaction.commit();
  }
  CHECK(plain.get("SELECT count(*) FROM chunks") == "0");
}

TEST_CASE("chunks that are missing, out of order, or of another length are refused") {
  for (const char* damage :
       {"DELETE FROM chunks WHERE sequence = 1", "DELETE FROM chunks WHERE sequence = 4",
        "UPDATE chunks SET sequence = 7 WHERE sequence = 0", "UPDATE chunks SET value = x'00' WHERE sequence = 2",
        "DELETE FROM chunks", "UPDATE chunks SET sequence = sequence + 10"}) {
    INFO(damage);
    const TemporaryFolder folder;
    Database database = open_database(folder / "a.params.db", chunks_of(1000));
    add(database.main(), "good", some_bytes(5000));
    add(database.main(), "bad", some_bytes(5000));
    PlainSqlite plain(folder / "a.params.db");
    CHECK(plain.run("DELETE FROM params WHERE name = 'good'") == "");
    REQUIRE(sqlite3_db_config(plain.handle(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr) == SQLITE_OK);
    CHECK(plain.run(damage) == "");
    const auto message = message_of<CorruptStore>([&] { database.main().find("bad"); });
    CHECK(contains(message, "'bad'"));
    CHECK_THROWS_AS(database.main().list(), CorruptStore);
  }
}

TEST_CASE("a chunk whose bytes changed fails the checksum") {
  const TemporaryFolder folder;
  Database database = open_database(folder / "a.params.db", chunks_of(1000));
  add(database.main(), "a", some_bytes(5000));
  PlainSqlite plain(folder / "a.params.db");
  CHECK(plain.run("UPDATE chunks SET value = zeroblob(1000) WHERE sequence = 2; UPDATE params SET checksum = 1") == "");
  CHECK_THROWS_AS(value_of(database.main(), "a"), CorruptStore);
  CHECK(plain.run("UPDATE params SET checksum = NULL") == "");
  CHECK(value_of(database.main(), "a").size() == 5000);
}

// Takes 3 GB of memory twice, 9 GB of disk and half a minute.
TEST_CASE("a parameter of 3 GB" * doctest::skip(std::getenv("PARAMSTORE_TEST_3GB") == nullptr)) {
  const TemporaryFolder folder;
  const std::size_t size = 3'000'000'000;
  std::vector<char> value(size);
  for (std::size_t i = 0; i < size; i += 4096) value[i] = static_cast<char>(i >> 12);
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  Database database(folder / "a.params.db");
  const auto id = add(database.main(), "huge", value);
  MESSAGE("inserted after " << seconds() << " s");
  value[size - 1] = 77;
  {
    WriteTransaction transaction(database.main());
    CHECK(transaction.update_value(id, 1, bytes_of(value), value_checksum(bytes_of(value))));
    transaction.commit();
  }
  MESSAGE("overwritten after " << seconds() << " s");
  const bool same = value_of(database.main(), "huge") == value;
  CHECK(same);
  MESSAGE("read after " << seconds() << " s");
}
