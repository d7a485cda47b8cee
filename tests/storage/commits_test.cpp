// The list of commits, and a change of name.
#include <doctest/doctest.h>

#include "lib/storage/store_internals.h"
#include "paramstore/storage/savepoint.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

TEST_CASE("commits are listed newest first, with step and message") {
  const TemporaryFolder folder;
  Database database(folder / "a.params.db");
  CHECK(database.main().commits(10).empty());
  for (int i = 1; i <= 5; ++i) {
    WriteTransaction transaction(database.main(),
                                 {i * 10, i == 3 ? std::optional<std::string>("third") : std::nullopt});
    transaction.commit();
  }
  const auto all = database.main().commits(100);
  REQUIRE(all.size() == 5);
  CHECK(all.front().revision == 5);
  CHECK(all.back().revision == 1);
  CHECK(all[2].message == "third");
  CHECK(all[2].step == 30);
  CHECK_FALSE(all[0].message);
  CHECK(all[0].time.size() == 24);
  CHECK(all[0].time.back() == 'Z');

  const auto older = database.main().commits(2, 4);
  REQUIRE(older.size() == 2);
  CHECK(older[0].revision == 3);
  CHECK(older[1].revision == 2);
  CHECK(database.main().commits(100, 1).empty());
  CHECK(database.main().commits(0).empty());
}

TEST_CASE("a transaction's step and message may be set later, one by one, and are undone with a savepoint") {
  const TemporaryFolder folder;
  Database database(folder / "a.params.db");
  {
    WriteTransaction transaction(database.main(), {1, std::nullopt});
    transaction.annotate({std::nullopt, "noted"});
    {
      Savepoint savepoint(transaction);
      transaction.annotate({2, "undone"});
    }
    transaction.commit();
  }
  WriteTransaction(database.main()).commit();
  const auto all = database.main().commits(2);
  CHECK(all[1].step == 1);
  CHECK(all[1].message == "noted");
  CHECK_FALSE(all[0].step);
  CHECK_FALSE(all[0].message);
}

TEST_CASE("a renamed parameter keeps its row, its place, its value and its chunks") {
  const TemporaryFolder folder;
  InternalOptions options;
  options.max_value_length = 100;
  Database database = open_database(folder / "a.params.db", options);
  const std::int64_t small = add(database.main(), "small", some_bytes(8));
  const std::int64_t large = add(database.main(), "large", some_bytes(4000));
  add(database.main(), "last", some_bytes(8));
  {
    WriteTransaction transaction(database.main());
    CHECK(transaction.rename(small, std::nullopt, "petite"));
    CHECK(transaction.rename(large, 2,
                             "gr\xc3\xb6\xc3\x9f"
                             "er"));
    transaction.commit();
  }
  const auto records = database.main().list();
  REQUIRE(records.size() == 3);
  CHECK(records[0].name == "petite");
  CHECK(records[0].id == small);
  CHECK(records[0].revision == database.main().revision());
  CHECK(records[1].name ==
        "gr\xc3\xb6\xc3\x9f"
        "er");
  CHECK(value_of(database.main(), records[1].name) == some_bytes(4000));
  CHECK_FALSE(database.main().find("small"));
}

TEST_CASE("a rename is refused if the row has a newer revision, or the name is taken or invalid") {
  const TemporaryFolder folder;
  Database database(folder / "a.params.db");
  const std::int64_t a = add(database.main(), "a", some_bytes(8));
  add(database.main(), "b", some_bytes(8));
  {
    WriteTransaction transaction(database.main());
    CHECK_FALSE(transaction.rename(a, 77, "c"));
    CHECK_FALSE(transaction.rename(99, std::nullopt, "c"));
    transaction.commit();
  }
  {
    WriteTransaction transaction(database.main());
    CHECK(contains(message_of<StorageError>([&] { transaction.rename(a, std::nullopt, "b"); }), "'b' already exists"));
  }
  {
    WriteTransaction transaction(database.main());
    CHECK_THROWS_AS(transaction.rename(a, std::nullopt, ""), InvalidName);
  }
  CHECK(database.main().find("a"));
  CHECK_FALSE(database.main().find("c"));
}

TEST_CASE("a file's URI opens it as it is opened") {
  const TemporaryFolder folder;
  const auto path = folder / "a b?.params.db";
  Database database(path);
  add(database.main(), "a", some_bytes(8));
  OpenOptions options;
  options.read_only = true;
  Database reader(path, options);
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open_v2(reader.main().uri().c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI, nullptr) ==
          SQLITE_OK);
  CHECK(sqlite3_exec(handle, "SELECT * FROM params", nullptr, nullptr, nullptr) == SQLITE_OK);
  CHECK(sqlite3_exec(handle, "DELETE FROM params", nullptr, nullptr, nullptr) == SQLITE_READONLY);
  sqlite3_close(handle);
  CHECK(Database::in_memory().main().uri().empty());
}

TEST_CASE("a message that is not UTF-8 is refused") {
  const TemporaryFolder folder;
  Database database(folder / "m.params.db");
  const std::string message = message_of<Error>([&] { WriteTransaction(database.main(), {std::nullopt, "cut \xc3"}); });
  CHECK(contains(message, "m.params.db"));
  CHECK(contains(message, "not valid UTF-8 from byte 4 on"));
  CHECK(database.main().revision() == 0);
}
