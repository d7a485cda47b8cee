#include "paramstore/storage/savepoint.h"

#include <doctest/doctest.h>

#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

void insert(WriteTransaction& transaction, const std::string& name, const std::vector<char>& value) {
  transaction.insert(float_record(name, value), bytes_of(value));
}

}  // namespace

TEST_CASE("a part that is not released is undone, the rest of its transaction is not") {
  Database database = Database::in_memory();
  StoreFile& file = database.main();
  const auto large = some_bytes(400'000);
  {
    WriteTransaction transaction(file);
    insert(transaction, "a", large);
    {
      const Savepoint undone(transaction);
      insert(transaction, "b", large);
      transaction.erase(file.find("a")->id, std::nullopt);
    }
    {
      Savepoint kept(transaction);
      insert(transaction, "c", large);
      {
        const Savepoint nested(transaction);
        insert(transaction, "d", large);
      }
      kept.release();
    }
    transaction.commit();
  }
  CHECK(file.count() == 2);
  CHECK(value_of(file, "a") == large);
  CHECK(value_of(file, "c") == large);
  CHECK(file.revision() == 1);
}

TEST_CASE("a change that fails inside a part spoils the part and not the transaction") {
  Database database = Database::in_memory();
  StoreFile& file = database.main();
  const auto value = some_bytes(8);
  {
    WriteTransaction transaction(file);
    insert(transaction, "a", value);
    {
      const Savepoint part(transaction);
      insert(transaction, "b", value);
      CHECK_THROWS_AS(insert(transaction, "a", value), StorageError);
      CHECK_THROWS_AS(insert(transaction, "c", value), Error);
      CHECK_THROWS_AS(transaction.commit(), Error);
      CHECK_THROWS_AS(Savepoint{transaction}, Error);
    }
    insert(transaction, "d", value);
    transaction.commit();
  }
  CHECK(file.count() == 2);
  CHECK(file.find("a"));
  CHECK(file.find("d"));
}

TEST_CASE("a change that fails outside of any part spoils the transaction") {
  Database database = Database::in_memory();
  const auto value = some_bytes(8);
  {
    WriteTransaction transaction(database.main());
    insert(transaction, "a", value);
    CHECK_THROWS_AS(insert(transaction, "a", value), StorageError);
    CHECK_THROWS_AS(insert(transaction, "b", value), Error);
    CHECK_THROWS_AS(transaction.commit(), Error);
  }
  CHECK(database.main().count() == 0);
  CHECK(add(database.main(), "a", value) == 1);
}
