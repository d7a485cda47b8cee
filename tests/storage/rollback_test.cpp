// A transaction that has to be rolled back when nothing works.
#include <dlfcn.h>
#include <doctest/doctest.h>

#include <string_view>

#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

int failing_rollbacks = 0;

// SQLite as it is when the system has no memory left. Connections get none in advance either.
class ScarceMemory {
 public:
  ScarceMemory() { configure(0, 0); }
  ~ScarceMemory() {
    give_back();
    configure(1200, 40);  // SQLite's own
  }
  ScarceMemory(const ScarceMemory&) = delete;
  ScarceMemory& operator=(const ScarceMemory&) = delete;

  void take() { sqlite3_hard_heap_limit64(1); }
  void give_back() { sqlite3_hard_heap_limit64(0); }

 private:
  static void configure(int size, int count) {
    REQUIRE(sqlite3_shutdown() == SQLITE_OK);
    REQUIRE(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, size, count) == SQLITE_OK);
    REQUIRE(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 1) == SQLITE_OK);  // without it there is no limit
    REQUIRE(sqlite3_initialize() == SQLITE_OK);
  }
};

}  // namespace

// In place of SQLite's, for the library too.
extern "C" __attribute__((visibility("default"))) int sqlite3_step(sqlite3_stmt* statement) {
  static const auto real = reinterpret_cast<int (*)(sqlite3_stmt*)>(dlsym(RTLD_NEXT, "sqlite3_step"));
  const char* const sql = failing_rollbacks > 0 ? sqlite3_sql(statement) : nullptr;
  if (sql != nullptr && std::string_view(sql) == "ROLLBACK") {
    --failing_rollbacks;
    return SQLITE_NOMEM;
  }
  return real(statement);
}

TEST_CASE("rolling back needs no memory") {
  const TemporaryFolder folder;
  ScarceMemory memory;
  Database database(folder / "m.params.db");
  add(database.main(), "a", some_bytes(8));
  PlainSqlite other(folder / "m.params.db");
  SUBCASE("a reader's transaction") {
    {
      const ReadTransaction transaction(database.main());
      CHECK(database.main().count() == 1);
      memory.take();
      CHECK(sqlite3_exec(other.handle(), "SELECT 1", nullptr, nullptr, nullptr) == SQLITE_NOMEM);
    }
    memory.give_back();
  }
  SUBCASE("a writer's, which holds the lock") {
    {
      WriteTransaction transaction(database.main());
      transaction.erase(1, std::nullopt);
      memory.take();
    }
    memory.give_back();
    CHECK(other.run("UPDATE params SET constraint_tag = 'positive'") == "");
  }
  SUBCASE("after a scope was detached, which makes SQLite forget what it prepared") {
    for (int i = 0; i < 12; ++i) database.scope(std::to_string(i));
    {
      const ReadTransaction transaction(database.main());
      memory.take();
    }
    memory.give_back();
  }
  add(database.main(), "b", some_bytes(8));
  CHECK(database.main().count() == 2);
}

TEST_CASE("a ROLLBACK that fails is tried again before the store is used again") {
  const TemporaryFolder folder;
  Database database(folder / "m.params.db");
  add(database.main(), "a", some_bytes(8));
  PlainSqlite other(folder / "m.params.db");
  {
    const ReadTransaction transaction(database.main());
    CHECK(database.main().count() == 1);
    failing_rollbacks = 1;
  }
  CHECK(failing_rollbacks == 0);
  CHECK(other.run("UPDATE params SET name = 'renamed'") == "");
  CHECK(database.main().find("renamed"));  // not what the transaction saw
  {
    WriteTransaction transaction(database.main());
    transaction.clear();
    failing_rollbacks = 3;
  }
  for (int i = 0; i < 2; ++i) {
    const auto message = message_of<StorageError>([&] { database.main().count(); });
    CHECK(contains(message, "m.params.db: cannot roll back"));
  }
  CHECK(database.main().count() == 1);
  CHECK(other.run("UPDATE params SET name = 'again'") == "");
  WriteTransaction transaction(database.main());
  CHECK(transaction.erase(database.main().find("again")->id, std::nullopt));
  transaction.commit();
  CHECK(database.main().count() == 0);
}
