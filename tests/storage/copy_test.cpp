#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

std::size_t files_in(const TemporaryFolder& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder.path()), {}));
}

std::string store_id(const std::filesystem::path& path) {
  return PlainSqlite(path).get("SELECT value FROM meta WHERE key = 'store_id'");
}

}  // namespace

TEST_CASE("a copy is one file, a store of its own, with what amend changed") {
  const TemporaryFolder folder;
  const TemporaryFolder target;
  Database database(folder / "m.params.db");
  add(database.main(), "a", some_bytes(8, 1));
  add(database.main(), "large", some_bytes(1 << 20, 2));
  database.scope("s");
  database.main().copy_to(target / "copy.db", [](WriteTransaction& transaction) {
    const auto value = some_bytes(8, 3);
    transaction.insert(float_record("added", value), bytes_of(value));
  });
  CHECK(files_in(target) == 1);
  CHECK(store_id(target / "copy.db") != store_id(folder / "m.params.db"));
  CHECK(PlainSqlite(target / "copy.db").get("SELECT count(*) FROM scopes") == "0");
  Database copy(target / "copy.db");
  CHECK(copy.main().count() == 3);
  CHECK(value_of(copy.main(), "large") == some_bytes(1 << 20, 2));
  CHECK(value_of(copy.main(), "added") == some_bytes(8, 3));
  CHECK(database.main().count() == 2);
}

TEST_CASE("stores in memory, scopes, and stores opened read-only can be copied") {
  const TemporaryFolder folder;
  {
    Database database = Database::in_memory();
    add(database.main(), "a", some_bytes(8, 1));
    database.main().copy_to(folder / "1.db", {});
    std::vector<std::shared_ptr<StoreFile>> scopes;
    for (int i = 0; i < 12; ++i) scopes.push_back(database.anonymous_scope());
    add(*scopes[0], "b", some_bytes(8, 2));
    scopes[0]->copy_to(folder / "2.db", nullptr);
  }
  CHECK(value_of(Database(folder / "1.db").main(), "a") == some_bytes(8, 1));
  OpenOptions options;
  options.read_only = true;
  Database database(folder / "2.db", options);
  database.main().copy_to(folder / "3.db", nullptr);
  CHECK(value_of(Database(folder / "3.db").main(), "b") == some_bytes(8, 2));
}

TEST_CASE("an existing store is replaced, other files and stores in use are not") {
  const TemporaryFolder folder;
  Database database(folder / "m.params.db");
  add(database.main(), "a", some_bytes(8, 1));
  database.main().copy_to(folder / "copy.db", nullptr);
  add(database.main(), "b", some_bytes(8, 2));
  database.main().copy_to(folder / "copy.db", nullptr);
  CHECK(Database(folder / "copy.db").main().count() == 2);

  write_file(folder / "precious.txt", "not to be lost");
  CHECK_THROWS_AS(database.main().copy_to(folder / "precious.txt", nullptr), NotAStore);
  CHECK(read_file(folder / "precious.txt") == "not to be lost");
  CHECK(PlainSqlite(folder / "other.db").run("CREATE TABLE t (x)") == "");
  CHECK_THROWS_AS(database.main().copy_to(folder / "other.db", nullptr), NotAStore);

  {
    OpenOptions impatient;
    impatient.busy_timeout = std::chrono::milliseconds(20);
    Database hasty(folder / "m.params.db", impatient);
    Database open_elsewhere(folder / "copy.db");
    add(open_elsewhere.main(), "theirs", some_bytes(8));
    CHECK(contains(message_of<StoreBusy>([&] { hasty.main().copy_to(folder / "copy.db", nullptr); }), "is open"));
    CHECK(open_elsewhere.main().find("theirs"));
  }
  // What a killed process leaves beside a store: its newest commits.
  const auto before = files_in(folder);
  database.main().copy_to(folder / "copy.db", nullptr);
  CHECK(Database(folder / "copy.db").main().count() == 2);
  CHECK(files_in(folder) == before);

  CHECK(contains(message_of<Error>([&] { database.main().copy_to(folder / "m.params.db", nullptr); }),
                 "is the store itself"));
  std::filesystem::create_symlink("m.params.db", folder / "link.db");
  CHECK_THROWS_AS(database.main().copy_to(folder / "link.db", nullptr), Error);
  CHECK_THROWS_AS(database.main().copy_to(folder / "no/folder.db", nullptr), StorageError);
  CHECK_THROWS_AS(database.main().copy_to(folder.path(), nullptr), StorageError);
}

TEST_CASE("a log left behind by a deleted store does not get into a copy of its name") {
  const TemporaryFolder folder;
  const TemporaryFolder crashed;
  {
    Database database(crashed / "x.db");
    add(database.main(), "old", some_bytes(8));
    std::filesystem::copy_file(crashed / "x.db-wal", folder / "x.db-wal");
  }
  Database database = Database::in_memory();
  add(database.main(), "new", some_bytes(8));
  database.main().copy_to(folder / "x.db", nullptr);
  Database copy(folder / "x.db");
  CHECK(copy.main().count() == 1);
  CHECK(copy.main().find("new"));
}

TEST_CASE("when amend throws there is no copy, and the old one stays") {
  const TemporaryFolder folder;
  Database database = Database::in_memory();
  add(database.main(), "a", some_bytes(8));
  database.main().copy_to(folder / "copy.db", nullptr);
  const std::string before = read_file(folder / "copy.db");
  CHECK_THROWS_AS(
      database.main().copy_to(folder / "copy.db", [](WriteTransaction&) { throw std::runtime_error("no"); }),
      std::runtime_error);
  CHECK(read_file(folder / "copy.db") == before);
  CHECK(files_in(folder) == 1);
}

TEST_CASE("a copy made while another connection writes is one of its commits") {
  const TemporaryFolder folder;
  const TemporaryFolder target;
  Database database(folder / "m.params.db");
  const auto first = some_bytes(4000, 0);
  add(database.main(), "a", first);
  add(database.main(), "b", first);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    Database other(folder / "m.params.db");
    for (std::uint64_t i = 1; !stop; ++i) {
      const auto value = some_bytes(4000, i);
      WriteTransaction transaction(other.main());
      for (const std::int64_t id : {1, 2})
        transaction.update_value(id, std::nullopt, bytes_of(value), value_checksum(bytes_of(value)));
      transaction.commit();
    }
  });
  for (int i = 0; i < 5; ++i) {
    const auto path = target / std::to_string(i);
    database.main().copy_to(path, nullptr);
    Database copy(path);
    CHECK(value_of(copy.main(), "a") == value_of(copy.main(), "b"));
  }
  stop = true;
  writer.join();
}
