// Many values overwritten through a buffer, and rows inserted where the name may be taken.
#include "lib/storage/value_writer.h"

#include <doctest/doctest.h>

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

TEST_CASE("a ValueWriter writes small and large values in any order, and reports rows with a newer revision") {
  Database database = Database::in_memory();
  StoreFile& file = database.main();
  constexpr std::size_t count = 1500;
  const auto size_of = [](std::size_t i) { return i % 400 == 7 ? std::size_t{300'000} : 4 * (1 + i % 30); };
  {
    WriteTransaction transaction(file);
    for (std::size_t i = 0; i < count; ++i) {
      const auto value = some_bytes(size_of(i), i);
      transaction.insert(float_record(std::to_string(i), value), bytes_of(value));
    }
    transaction.commit();
  }
  std::vector<std::size_t> moved_on;
  std::vector<std::vector<char>> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(some_bytes(size_of(i), 10'000 + i));
  {
    WriteTransaction transaction(file);
    ValueWriter writer(transaction);
    for (std::size_t i = 0; i < count; ++i) {
      const bool stale = i % 97 == 5;
      if (stale) moved_on.push_back(i);
      // A value with an owner of its own may go as soon as it was given.
      auto owned = std::make_shared<std::vector<char>>(values[i]);
      const ValueBytes bytes = bytes_of(*owned);
      CHECK(writer.write(static_cast<std::int64_t>(i) + 1, stale ? Revision{77} : Revision{1}, bytes,
                         value_checksum(bytes), std::move(owned)) == i);
    }
    CHECK(writer.finish() == moved_on);
    CHECK(writer.finish().empty());
    transaction.commit();
  }
  for (std::size_t i = 0; i < count; ++i) {
    const bool stale = i % 97 == 5;
    CHECK(value_of(file, std::to_string(i)) == some_bytes(size_of(i), stale ? i : 10'000 + i));
  }
  CHECK(file.verify().damage.empty());
}

TEST_CASE("try_insert of a name that is taken changes nothing, and the transaction continues") {
  const TemporaryFolder folder;
  Database database(folder / "a.params.db");
  StoreFile& file = database.main();
  add(file, "taken", some_bytes(8, 1));
  {
    WriteTransaction transaction(file);
    for (const std::size_t size : {std::size_t{8}, std::size_t{200'000}}) {
      const auto value = some_bytes(size, 2);
      CHECK_FALSE(transaction.try_insert(float_record("taken", value), bytes_of(value)));
      CHECK(transaction.try_insert(float_record("new " + std::to_string(size), value), bytes_of(value)));
    }
    const auto value = some_bytes(8, 3);
    CHECK_THROWS_AS(transaction.try_insert(float_record("", value), bytes_of(value)), InvalidName);
    CHECK(transaction.try_insert(float_record("last", value), bytes_of(value)));
    transaction.commit();
  }
  CHECK(value_of(file, "taken") == some_bytes(8, 1));
  CHECK(value_of(file, "new 200000") == some_bytes(200'000, 2));
  CHECK(value_of(file, "last") == some_bytes(8, 3));
  CHECK(file.count() == 4);
  CHECK(file.verify().damage.empty());
}

TEST_CASE("try_insert after the largest possible id fails, and the transaction continues without the row") {
  const TemporaryFolder folder;
  Database database(folder / "a.params.db");
  StoreFile& file = database.main();
  const auto value = some_bytes(8, 1);
  add(file, "largest", value);
  CHECK(PlainSqlite(folder / "a.params.db").run("UPDATE params SET id = 1 << 62") == "");
  WriteTransaction transaction(file);
  CHECK_THROWS_AS(transaction.try_insert(float_record("more", value), bytes_of(value)), StorageError);
  CHECK(transaction.rename(std::int64_t{1} << 62, std::nullopt, "renamed"));
  transaction.commit();
  CHECK(file.count() == 1);
  CHECK(file.find("renamed"));
}
