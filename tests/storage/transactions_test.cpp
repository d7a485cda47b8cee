#include <doctest/doctest.h>

#include <thread>

#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

TEST_CASE("what was not committed does not exist after reopening") {
  const TemporaryFolder folder;
  Database database(folder / "a.params.db");
  StoreFile& file = database.main();
  const auto small = some_bytes(8, 1);
  const auto large = some_bytes(1 << 20, 2);
  const auto small_id = add(file, "small", small);
  const auto large_id = add(file, "large", large);
  {
    WriteTransaction transaction(file);
    const auto other = some_bytes(1 << 20, 3);
    CHECK(transaction.update_value(large_id, std::nullopt, bytes_of(other), 1));
    CHECK(transaction.erase(small_id, std::nullopt));
    transaction.insert(float_record("new", other), bytes_of(other));
  }
  CHECK(file.revision() == 2);
  CHECK(file.count() == 2);
  CHECK(value_of(file, "small") == small);
  CHECK(value_of(file, "large") == large);
  add(file, "after", small);
  CHECK(file.revision() == 3);
}

TEST_CASE("a second writer waits, then throws StoreBusy, which names the file") {
  const TemporaryFolder folder;
  OpenOptions options;
  options.busy_timeout = std::chrono::milliseconds(50);
  Database first(folder / "a.params.db", options);
  Database second(folder / "a.params.db", options);
  {
    WriteTransaction transaction(first.main());
    const auto message = message_of<StoreBusy>([&] { WriteTransaction blocked(second.main()); });
    CHECK(contains(message, "a.params.db"));
    CHECK(contains(message, "busy timeout"));
    CHECK(second.main().count() == 0);  // reading goes on
    transaction.commit();
  }
  add(second.main(), "a", some_bytes(4));
  CHECK(first.main().revision() == 2);
}

TEST_CASE("a writer that waits long enough succeeds") {
  const TemporaryFolder folder;
  Database first(folder / "a.params.db");
  std::thread other;
  {
    WriteTransaction transaction(first.main());
    other = std::thread([&] {
      Database second(folder / "a.params.db");
      add(second.main(), "b", some_bytes(4));
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    transaction.commit();
  }
  other.join();
  CHECK(first.main().find("b"));
}

TEST_CASE("a read transaction sees one commit, whatever others write") {
  const TemporaryFolder folder;
  Database reader(folder / "a.params.db");
  Database writer(folder / "a.params.db");
  add(writer.main(), "a", some_bytes(4));
  {
    const ReadTransaction snapshot(reader.main());
    CHECK(reader.main().count() == 1);
    add(writer.main(), "b", some_bytes(4));
    CHECK(reader.main().count() == 1);
    CHECK(reader.main().revision() == 1);
    const ReadTransaction nested(reader.main());
    CHECK_FALSE(reader.main().find("b"));
  }
  CHECK(reader.main().count() == 2);
}

TEST_CASE("a read transaction inside a write transaction does nothing, and reads what is being written") {
  Database database = Database::in_memory();
  WriteTransaction transaction(database.main());
  const auto value = some_bytes(8);
  transaction.insert(float_record("a", value), bytes_of(value));
  {
    const ReadTransaction nested(database.main());
    CHECK(database.main().find("a"));
  }
  transaction.commit();
  CHECK(value_of(database.main(), "a") == value);
}

TEST_CASE("one write transaction at a time") {
  Database database = Database::in_memory();
  WriteTransaction transaction(database.main());
  CHECK_THROWS_AS(WriteTransaction(database.main()), Error);
  CHECK(transaction.commit() == 1);
  CHECK_THROWS_AS(transaction.commit(), Error);
}

TEST_CASE("step and message of a commit are in its row, with the time") {
  const TemporaryFolder folder;
  {
    Database database(folder / "a.params.db");
    WriteTransaction transaction(database.main(), CommitInfo{-3, "it's done"});
    transaction.commit();
  }
  PlainSqlite plain(folder / "a.params.db");
  CHECK(plain.get("SELECT step FROM commits") == "-3");
  CHECK(plain.get("SELECT message FROM commits") == "it's done");
  CHECK(plain.get(
            "SELECT time GLOB '20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9].[0-9][0-9][0-9]Z' "
            "FROM commits") == "1");
}
