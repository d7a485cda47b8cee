// A store file that is deleted, moved or replaced while it is open.
#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "lib/storage/store_internals.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

namespace fs = std::filesystem;

// Another store with one parameter, closed, at `path`.
void make_other(const fs::path& path) {
  Database other(path);
  add(other.main(), "other", some_bytes(16, 9));
}

std::string log_of(const fs::path& path) { return path.string() + "-wal"; }

void check_is_other(const fs::path& path) {
  Database now(path);
  CHECK(now.main().count() == 1);
  CHECK(value_of(now.main(), "other") == some_bytes(16, 9));
  CHECK(now.main().verify().damage.empty());
}

void check_refuses(StoreFile& file, const std::string& name) {
  const auto message = message_of<StorageError>([&] { add(file, "late", some_bytes(8)); });
  CHECK(contains(message, name + ": was deleted, moved or replaced"));
  CHECK(contains(message, "`save`"));
  CHECK(contains(message_of<StorageError>([&] { file.compact(); }), "was deleted, moved or replaced"));
}

}  // namespace

TEST_CASE("nothing is written to a store file that was deleted") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.params.db";
  auto database = std::make_unique<Database>(path);
  add(database->main(), "a", some_bytes(8));
  fs::remove(path);
  check_refuses(database->main(), "a.params.db");
  CHECK(value_of(database->main(), "a") == some_bytes(8));
  database->main().copy_to(folder / "saved.params.db", nullptr);
  CHECK(value_of(Database(folder / "saved.params.db").main(), "a") == some_bytes(8));

  SUBCASE("and whoever makes a store there before the other closes keeps its commits") {
    fs::remove(log_of(path));
    fs::remove(path.string() + "-shm");
    auto next = std::make_unique<Database>(path);
    add(next->main(), "other", some_bytes(16, 9));
    database.reset();
    CHECK(fs::exists(log_of(path)));
    next.reset();
    check_is_other(path);
  }
  SUBCASE("and whoever makes one afterwards gets none of the old one's") {
    database.reset();
    make_other(path);
    check_is_other(path);
  }
}

TEST_CASE("the log of a store file that was replaced is not read as the new one's") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.params.db";
  make_other(folder / "other.params.db");
  auto database = std::make_unique<Database>(path);
  add(database->main(), "a", some_bytes(8));
  CHECK(fs::file_size(log_of(path)) > 0);
  fs::rename(folder / "other.params.db", path);
  check_refuses(database->main(), "a.params.db");
  database.reset();
  CHECK(!fs::exists(log_of(path)));
  check_is_other(path);
}

TEST_CASE("a store file that was moved has at its new place what was committed") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.params.db";
  auto database = std::make_unique<Database>(path);
  add(database->main(), "a", some_bytes(8));
  fs::rename(path, folder / "b.params.db");
  check_refuses(database->main(), "a.params.db");
  SUBCASE("after it was closed") {
    database.reset();
    CHECK(!fs::exists(log_of(path)));
    CHECK(value_of(Database(folder / "b.params.db").main(), "a") == some_bytes(8));
  }
  SUBCASE("and goes on after it was moved back") {
    fs::rename(folder / "b.params.db", path);
    add(database->main(), "b", some_bytes(8));
    database.reset();
    CHECK(Database(path).main().count() == 2);
  }
  SUBCASE("with its log") {
    for (const char* each : {"-wal", "-shm"})
      fs::rename(path.string() + each, (folder / "b.params.db").string() + each);
    database.reset();
    CHECK(value_of(Database(folder / "b.params.db").main(), "a") == some_bytes(8));
  }
}

TEST_CASE("a transaction does not commit to a file that was deleted meanwhile") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.params.db";
  Database database(path);
  add(database.main(), "a", some_bytes(8));
  {
    WriteTransaction transaction(database.main());
    transaction.erase(1, std::nullopt);
    fs::rename(path, folder / "elsewhere.db");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK(contains(message_of<StorageError>([&] { transaction.commit(); }), "was deleted, moved or replaced"));
    CHECK_THROWS_AS(transaction.commit(), Error);
  }
  fs::rename(folder / "elsewhere.db", path);
  CHECK(database.main().count() == 1);
  add(database.main(), "b", some_bytes(8));
  CHECK(database.main().count() == 2);
}

TEST_CASE("a scope's file that was replaced") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.params.db";
  const fs::path scope_file = scope_path(path, "fold");
  make_other(folder / "other.params.db");
  Database database(path);
  auto scope = database.scope("fold");
  add(*scope, "a", some_bytes(8));
  SUBCASE("by rename") {
    fs::rename(folder / "other.params.db", scope_file);
    check_refuses(*scope, "fold.params.db");
    add(database.main(), "main goes on", some_bytes(8));
    CHECK(value_of(*scope, "a") == some_bytes(8));
    scope->copy_to(folder / "saved.params.db", nullptr);
    CHECK(value_of(Database(folder / "saved.params.db").main(), "a") == some_bytes(8));
    SUBCASE("has no log when the scope is let go") {
      scope.reset();
      database.scope("another");  // detaches it
      CHECK(!fs::exists(log_of(scope_file)));
    }
    SUBCASE("has no log when the store is closed") {
      { const Database closed = std::move(database); }
      CHECK(!fs::exists(log_of(scope_file)));
    }
    SUBCASE("has no log when the scope makes room for others") {
      std::vector<std::shared_ptr<StoreFile>> others;
      for (int i = 0; i < 12; ++i) others.push_back(database.scope(std::to_string(i)));
      CHECK(!fs::exists(log_of(scope_file)));
      CHECK(value_of(*scope, "other") == some_bytes(16, 9));  // opened anew
    }
    check_is_other(scope_file);
  }
  SUBCASE("by deleting it") {
    fs::remove(scope_file);
    check_refuses(*scope, "fold.params.db");
    CHECK(value_of(*scope, "a") == some_bytes(8));
  }
}
