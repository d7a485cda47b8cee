#include <doctest/doctest.h>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <thread>

#include "process.h"
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

TEST_CASE("a -wal left behind by a deleted store does not affect a copy of the same name") {
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

TEST_CASE("if amend throws, no copy is made and the old one stays") {
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

TEST_CASE("a tool that connected before a store was replaced, and reads only afterwards, uses the new one") {
  const TemporaryFolder folder;
  const auto path = folder / "t.db";
  {
    Database old(path);
    for (const char* name : {"x", "y", "z"}) add(old.main(), name, some_bytes(40'000, 1));
  }
  Database source = Database::in_memory();
  for (const char* name : {"x", "new"}) add(source.main(), name, some_bytes(40'000, 2));
  PlainSqlite tool(path);  // as Python's sqlite3.connect() leaves it: open, and without a lock
  source.main().copy_to(path, nullptr);
  Database replaced(path);
  add(replaced.main(), "after", some_bytes(400, 3));
  CHECK(tool.run("DELETE FROM params WHERE name = 'new'; UPDATE params SET device = 'cuda:0'") == "");
  add(replaced.main(), "last", some_bytes(400, 4));
  CHECK(tool.get("SELECT group_concat(name) FROM (SELECT name FROM params ORDER BY id)") == "x,after,last");
  CHECK(replaced.main().list().size() == 3);
  CHECK(value_of(replaced.main(), "x") == some_bytes(40'000, 2));
  CHECK(replaced.main().verify().damage.empty());
}

TEST_CASE("processes that use a store while it is replaced find it complete, and their commits are kept") {
  const TemporaryFolder folder;
  const auto path = folder / "t.db";
  { Database old(path); }
  OpenOptions impatient;
  impatient.busy_timeout = std::chrono::milliseconds(20);
  std::vector<std::unique_ptr<ChildProcess>> children;
  for (int child = 0; child < 2; ++child) {
    children.push_back(std::make_unique<ChildProcess>([&path, &impatient] {
      const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
      while (std::chrono::steady_clock::now() < end) {
        try {
          Database database(path, impatient);
          StoreFile& file = database.main();
          const auto value = some_bytes(3000, static_cast<std::uint64_t>(file.revision()));
          WriteTransaction transaction(file);
          transaction.insert(float_record("r" + std::to_string(transaction.revision()), value), bytes_of(value));
          transaction.commit();
          if (!file.verify().damage.empty()) return std::string("damaged");
        } catch (const StoreBusy&) {
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
      return std::string("done");
    }));
  }
  Database source = Database::in_memory();
  for (int i = 0; i < 8; ++i) add(source.main(), std::to_string(i), some_bytes(100'000));
  int saves = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1500);
  while (std::chrono::steady_clock::now() < end) {
    try {
      source.main().copy_to(path, nullptr);
      ++saves;
    } catch (const StoreBusy&) {
    }
  }
  for (auto& child : children) CHECK(child->wait() == "done");
  CHECK(saves > 0);
  CHECK(Database(path).main().verify().damage.empty());
}

TEST_CASE("a store that is replaced keeps its permissions, whatever its page size") {
  const TemporaryFolder folder;
  const auto path = folder / "t.db";
  Database source = Database::in_memory();
  add(source.main(), "a", some_bytes(200'000));
  for (const char* page_size : {"512", "4096", "65536"}) {
    { Database old(path); }
    CHECK(PlainSqlite(path).run(std::string("PRAGMA journal_mode = DELETE; PRAGMA page_size = ") + page_size +
                                "; VACUUM") == "");
    REQUIRE(chmod(path.c_str(), 0600) == 0);
    source.main().copy_to(path, nullptr);
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
    CHECK(files_in(folder) == 1);
    CHECK(PlainSqlite(path).get("PRAGMA page_size") == "65536");
    CHECK(PlainSqlite(path).get("PRAGMA journal_mode") == "wal");
    Database copy(path);
    CHECK(value_of(copy.main(), "a") == some_bytes(200'000));
    CHECK(copy.main().verify().damage.empty());
  }
}

TEST_CASE("a copy's progress goes from nothing to all, and an exception from the listener ends the copy") {
  const TemporaryFolder folder;
  Database database = Database::in_memory();
  for (int i = 0; i < 30; ++i) add(database.main(), std::to_string(i), some_bytes(1 << 20));
  for (int round = 0; round < 2; ++round) {  // a new file, an existing one
    std::uint64_t last = 0;
    std::uint64_t all = 1;
    database.main().copy_to(folder / "copy.db", nullptr, [&](std::uint64_t done, std::uint64_t total) {
      CHECK(done >= last);
      CHECK(done <= total);
      last = done;
      all = total;
    });
    CHECK(last >= all / 2);
  }
  add(database.main(), "more", some_bytes(8));
  struct Enough {};
  CHECK_THROWS_AS(database.main().copy_to(folder / "copy.db", nullptr,
                                          [&](std::uint64_t done, std::uint64_t total) {
                                            if (done > total / 2) throw Enough();
                                          }),
                  Enough);
  CHECK(Database(folder / "copy.db").main().count() == 30);
  CHECK(files_in(folder) == 1);
}

TEST_CASE("a store too damaged to be replaced is left alone, and the message says what helps") {
  const TemporaryFolder folder;
  Database database = Database::in_memory();
  database.main().copy_to(folder / "copy.db", nullptr);
  std::string damaged = read_file(folder / "copy.db");
  damaged.replace(100, 60'000, 60'000, 'x');
  write_file(folder / "copy.db", damaged);
  const auto message = message_of<CorruptStore>([&] { database.main().copy_to(folder / "copy.db", nullptr); });
  CHECK(contains(message, "delete it first"));
  CHECK(read_file(folder / "copy.db") == damaged);
}

TEST_CASE("a process that is killed while it replaces a store leaves the old one or the new one") {
  const TemporaryFolder folder;
  const auto path = folder / "t.db";
  std::mt19937 random(11);
  for (int round = 0; round < 12; ++round) {
    {
      Database database = Database::in_memory();
      add(database.main(), "first", some_bytes(2 << 20, 1));
      database.main().copy_to(path, nullptr);
    }
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      try {
        for (std::uint64_t seed = 2;; ++seed) {
          Database database = Database::in_memory();
          for (const char* name : {"first", "second"}) add(database.main(), name, some_bytes(2 << 20, seed));
          database.main().copy_to(path, nullptr);
        }
      } catch (...) {
        _exit(1);
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(20'000 + random() % 100'000));
    CHECK(kill(child, SIGKILL) == 0);
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    Database left(path);
    CHECK(left.main().verify().damage.empty());
    if (left.main().count() == 1) {
      CHECK(value_of(left.main(), "first") == some_bytes(2 << 20, 1));
    } else {
      CHECK(value_of(left.main(), "first") == value_of(left.main(), "second"));
    }
  }
}
