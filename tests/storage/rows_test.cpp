#include <doctest/doctest.h>

#include "lib/storage/store_internals.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

TEST_CASE("a row comes back as it was written, also after reopening") {
  const TemporaryFolder folder;
  const auto value = some_bytes(48);
  ParamRecord record;
  record.name = "encoder$$$layer.weight";
  record.constraint_tag = "interval(0.0, 1.0)";
  record.dtype = Dtype::complex64;
  record.shape = {2, 3};
  record.device = "cuda:0";
  record.checksum = value_checksum(bytes_of(value));
  {
    Database database(folder / "a.params.db");
    WriteTransaction transaction(database.main());
    record.id = transaction.insert(record, bytes_of(value));
    record.revision = transaction.revision();
    CHECK(transaction.commit() == record.revision);
  }
  Database database(folder / "a.params.db");
  for (const auto& found : {database.main().find("encoder$$$layer.weight"), database.main().find(record.id)}) {
    REQUIRE(found);
    CHECK(found->id == record.id);
    CHECK(found->name == record.name);
    CHECK(found->constraint_tag == record.constraint_tag);
    CHECK(found->dtype == record.dtype);
    CHECK(found->shape == record.shape);
    CHECK(found->device == record.device);
    CHECK(found->revision == record.revision);
    CHECK(found->checksum == record.checksum);
  }
  CHECK(value_of(database.main(), record.name) == value);
  CHECK_FALSE(database.main().find("other"));
  CHECK_FALSE(database.main().find(record.id + 1));
}

TEST_CASE("rows are listed in insertion order, and an erased one that comes back is last") {
  Database database = Database::in_memory();
  StoreFile& file = database.main();
  for (const char* name : {"c", "a", "b"}) add(file, name, some_bytes(4));
  const auto names = [&] {
    std::string all;
    for (const ParamRecord& record : file.list()) all += record.name;
    return all;
  };
  CHECK(names() == "cab");
  {
    WriteTransaction transaction(file);
    CHECK(transaction.erase(file.find("c")->id, std::nullopt));
    transaction.commit();
  }
  CHECK(names() == "ab");
  CHECK(file.count() == 2);
  add(file, "c", some_bytes(4));
  CHECK(names() == "abc");
  CHECK(file.last_id() == file.find("c")->id);
  const auto found = stamps(file);
  REQUIRE(found.size() == 3);
  CHECK(found[2].id == file.find("c")->id);
  CHECK(found[2].revision == file.revision());
}

TEST_CASE("every commit has the next revision, and gives it to the rows it changed") {
  Database database = Database::in_memory();
  StoreFile& file = database.main();
  CHECK(file.revision() == 0);
  const auto id = add(file, "a", some_bytes(8, 1));
  const auto other = add(file, "b", some_bytes(8, 2));
  CHECK(file.revision() == 2);
  const auto value = some_bytes(8, 3);
  {
    WriteTransaction transaction(file, CommitInfo{100, "warm-up done"});
    CHECK(transaction.update_value(id, 1, bytes_of(value), value_checksum(bytes_of(value))));
    CHECK(transaction.commit() == 3);
  }
  CHECK(file.find("a")->revision == 3);
  CHECK(file.find(other)->revision == 2);
  CHECK(value_of(file, "a") == value);
}

TEST_CASE("a change guarded by a revision is not made if the row has a newer one") {
  Database database = Database::in_memory();
  StoreFile& file = database.main();
  const auto id = add(file, "a", some_bytes(8, 1));
  const auto value = some_bytes(8, 2);
  const auto checksum = value_checksum(bytes_of(value));
  WriteTransaction transaction(file);
  CHECK_FALSE(transaction.update_value(id, 7, bytes_of(value), checksum));
  CHECK_FALSE(transaction.update_value(id + 1, std::nullopt, bytes_of(value), checksum));
  CHECK_FALSE(transaction.replace(id, 7, float_record("a", value), bytes_of(value)));
  CHECK_FALSE(transaction.erase(id, 7));
  CHECK(value_of(file, "a") == some_bytes(8, 1));
  CHECK(transaction.update_value(id, 1, bytes_of(value), checksum));
  CHECK(transaction.update_value(id, transaction.revision(), bytes_of(value), checksum));
  transaction.commit();
  CHECK(value_of(file, "a") == value);
}

TEST_CASE("replace changes everything but the id and the place in the order") {
  Database database = Database::in_memory();
  StoreFile& file = database.main();
  const auto id = add(file, "a", some_bytes(8, 1));
  add(file, "b", some_bytes(8, 1));
  const auto value = some_bytes(300'000, 2);
  ParamRecord record = float_record("z", value);
  record.dtype = Dtype::float64;
  record.shape = {2, 18750};
  record.constraint_tag = "positive";
  {
    WriteTransaction transaction(file);
    CHECK(transaction.replace(id, std::nullopt, record, bytes_of(value)));
    transaction.commit();
  }
  const auto list = file.list();
  CHECK(list.front().name == "z");
  CHECK(list.front().id == id);
  CHECK(list.front().constraint_tag == "positive");
  CHECK(value_of(file, "z") == value);
  CHECK_FALSE(file.find("a"));
}

TEST_CASE("a name that is taken or invalid is refused, and the transaction fails with it") {
  Database database = Database::in_memory();
  StoreFile& file = database.main();
  const auto value = some_bytes(8);
  add(file, "a", value);
  {
    WriteTransaction transaction(file);
    transaction.insert(float_record("b", value), bytes_of(value));
    const auto message =
        message_of<StorageError>([&] { transaction.insert(float_record("a", value), bytes_of(value)); });
    CHECK(contains(message, "the parameter 'a' already exists"));
    CHECK_THROWS_AS(transaction.commit(), Error);
  }
  for (const std::string& name : {std::string(), std::string(1025, 'x'), std::string("a\0b", 3), std::string("\xff")}) {
    WriteTransaction transaction(file);
    CHECK_THROWS_AS(transaction.insert(float_record(name, value), bytes_of(value)), InvalidName);
  }
  CHECK(file.count() == 1);
  CHECK(file.revision() == 1);
}

TEST_CASE("a value of another size than its shape says is refused") {
  Database database = Database::in_memory();
  const auto value = some_bytes(8);
  const auto id = add(database.main(), "a", value);
  {
    WriteTransaction transaction(database.main());
    CHECK_THROWS_AS(transaction.insert(float_record("b", value), {value.data(), 4}), Error);
  }
  {
    WriteTransaction transaction(database.main());
    CHECK_THROWS_AS(transaction.update_value(id, std::nullopt, {value.data(), 4}, 0), Error);
  }
  {
    WriteTransaction transaction(database.main());
    ParamRecord record = float_record("a", value);
    record.shape = {-2};
    CHECK_THROWS_AS(transaction.replace(id, std::nullopt, record, bytes_of(value)), Error);
  }
  CHECK(value_of(database.main(), "a") == value);
}

TEST_CASE("clear removes everything, and revisions go on") {
  Database database = Database::in_memory();
  for (int i = 0; i < 10; ++i) add(database.main(), std::to_string(i), some_bytes(400));
  {
    WriteTransaction transaction(database.main());
    transaction.clear();
    CHECK(transaction.commit() == 11);
  }
  CHECK(database.main().count() == 0);
  CHECK(database.main().last_id() == 0);
  CHECK(database.main().list().empty());
  CHECK(database.main().revision() == 11);
}

TEST_CASE("the change counter moves with another connection's commits and not with its own") {
  const TemporaryFolder folder;
  Database mine(folder / "a.params.db");
  Database theirs(folder / "a.params.db");
  const auto before = mine.main().change_counter();
  add(mine.main(), "a", some_bytes(4));
  CHECK(mine.main().change_counter() == before);
  add(theirs.main(), "b", some_bytes(4));
  const auto after = mine.main().change_counter();
  CHECK(after != before);
  CHECK(mine.main().change_counter() == after);
}
