// A store that is open while its process forks.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>

#include "paramstore/storage/savepoint.h"
#include "process.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

std::unique_ptr<Database> still_open_at_exit;

// Runs `action` in a child that then ends as most programs do: by exit(), with what is static destroyed.
int status_of_exiting_child(const std::function<void()>& action) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    action();
    std::exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

// What `call` says in a child; the child ends without destroying anything.
std::string in_child(const std::function<void()>& call) {
  return ChildProcess([&]() -> std::string {
           try {
             call();
           } catch (const StorageError&) {
             return "the wrong kind of error";
           } catch (const Error& error) {
             return error.what();
           }
           return "no error";
         })
      .wait();
}

}  // namespace

TEST_CASE("in a forked child every call throws, and says why") {
  const TemporaryFolder folder;
  Database database(folder / "a.params.db");
  StoreFile& file = database.main();
  add(file, "a", some_bytes(8));
  const auto scope = database.scope("fold");
  const auto memory = database.anonymous_scope();
  WriteTransaction transaction(file);
  transaction.erase(1, std::nullopt);
  Savepoint part(transaction);

  const std::function<void()> calls[] = {[&] { file.revision(); },
                                         [&] { file.commits(1); },
                                         [&] { file.change_counter(); },
                                         [&] { file.count(); },
                                         [&] { file.find("a"); },
                                         [&] { file.last_id(); },
                                         [&] { file.list(); },
                                         [&] { file.names("", 1); },
                                         [&] { file.facts(); },
                                         [&] { file.read_all([](const ParamRecord&) { return nullptr; }); },
                                         [&] { file.copy_to(folder / "copy.params.db", nullptr); },
                                         [&] { file.verify(); },
                                         [&] { file.compact(); },
                                         [&] { scope->count(); },
                                         [&] { memory->count(); },
                                         [&] { ReadTransaction{file}; },
                                         [&] { WriteTransaction{*scope}; },
                                         [&] { transaction.clear(); },
                                         [&] { transaction.commit(); },
                                         [&] { Savepoint{transaction}; },
                                         [&] { part.release(); },
                                         [&] { database.scope("fold"); },
                                         [&] { database.scope("new"); },
                                         [&] { database.anonymous_scope(); },
                                         [&] { database.scope_names(); },
                                         [&] { database.drop_scope("fold"); }};
  const std::string expected = "a.params.db: was opened by process " + std::to_string(getpid());
  for (const auto& call : calls) {
    const std::string message = in_child(call);
    CAPTURE(message);
    CHECK((contains(message, expected) || contains(message, ": was opened by process " + std::to_string(getpid()))));
    CHECK(contains(message, "open it again in this process"));
  }
  part.release();
  transaction.commit();
  CHECK(file.count() == 0);
  CHECK(database.scope_names() == std::vector<std::string>{"fold"});
}

TEST_CASE("a forked child that destroys a store or exits does nothing to the file") {
  const TemporaryFolder folder;
  const auto path = folder / "a.params.db";
  still_open_at_exit = std::make_unique<Database>(path);
  StoreFile& file = still_open_at_exit->main();
  add(file, "a", some_bytes(400'000));
  auto scope = still_open_at_exit->scope("fold");
  auto transaction = std::make_unique<WriteTransaction>(file);
  transaction->insert(float_record("b", some_bytes(400'000, 2)), bytes_of(some_bytes(400'000, 2)));
  const std::string log = read_file(path.string() + "-wal");
  const std::string index = read_file(path.string() + "-shm");
  auto part = std::make_unique<Savepoint>(*transaction);
  auto reading = std::make_unique<ReadTransaction>(*scope);

  CHECK(status_of_exiting_child([] {}) == 0);
  CHECK(status_of_exiting_child([&] {
          reading.reset();
          part.reset();
          transaction.reset();
          scope.reset();
          still_open_at_exit.reset();
        }) == 0);
  CHECK(status_of_exiting_child([&] {  // in another order
          still_open_at_exit.reset();
          reading.reset();
          part.reset();
          transaction.reset();
          scope.reset();
        }) == 0);
  CHECK(status_of_exiting_child([&] { *still_open_at_exit = Database(folder / "b.params.db"); }) == 0);
  CHECK(read_file(path.string() + "-wal") == log);
  CHECK(read_file(path.string() + "-shm") == index);

  PlainSqlite other(path);
  CHECK(other.run("BEGIN IMMEDIATE") != "");  // the parent's lock is still there
  transaction->insert(float_record("c", some_bytes(8)), bytes_of(some_bytes(8)));
  part.reset();  // takes back "c"
  transaction->commit();
  transaction.reset();
  CHECK(value_of(file, "b") == some_bytes(400'000, 2));
  CHECK(file.count() == 2);
  reading.reset();
  scope.reset();
  still_open_at_exit.reset();
  CHECK(Database(path).main().verify().damage.empty());
}

TEST_CASE("a forked child that opens the store again has locks of its own") {
  const TemporaryFolder folder;
  const auto path = folder / "a.params.db";
  auto parents = std::make_unique<Database>(path);
  add(parents->main(), "a", some_bytes(8));
  auto scope = std::make_shared<std::shared_ptr<StoreFile>>(parents->scope("fold"));
  int to_child[2];
  int to_parent[2];
  REQUIRE(pipe(to_child) == 0);
  REQUIRE(pipe(to_parent) == 0);
  const auto tell = [](int end) { return write(end, "", 1) == 1; };
  const auto wait_for = [](int end) {
    char byte = 0;
    return read(end, &byte, 1) == 1;
  };
  {
    std::optional<WriteTransaction> transaction;
    SUBCASE("while the parent is writing") { transaction.emplace(parents->main()); }
    SUBCASE("while the parent is not") {}
    const bool writing = transaction.has_value();
    ChildProcess child([&]() -> std::string {
      OpenOptions impatient;
      impatient.busy_timeout = std::chrono::milliseconds(0);
      Database childs(path, impatient);
      if (childs.main().count() != 1) return "wrong count";
      if (writing) {
        try {
          add(childs.main(), "too early", some_bytes(8));
          return "no lock kept the child from writing";
        } catch (const StoreBusy&) {
        }
      }
      const auto childs_scope = childs.scope("fold");
      if (!tell(to_parent[1]) || !wait_for(to_child[0])) return "no word from the parent";
      add(childs.main(), "b", some_bytes(8, 2));
      add(*childs_scope, "c", some_bytes(8, 3));
      if (!tell(to_parent[1]) || !wait_for(to_child[0])) return "no word from the parent";
      _exit(0);  // killed: the commits are in the log only
    });
    REQUIRE(wait_for(to_parent[0]));
    transaction.reset();
    scope->reset();
    parents.reset();  // not the last: the child has it open, so the log must stay
    CHECK(std::filesystem::exists(path.string() + "-wal"));
    REQUIRE(tell(to_child[1]));
    REQUIRE(wait_for(to_parent[0]));
    REQUIRE(tell(to_child[1]));
    CHECK(child.wait() == "");
  }
  Database again(path);
  CHECK(again.main().count() == 2);
  CHECK(value_of(again.main(), "b") == some_bytes(8, 2));
  CHECK(value_of(*again.scope("fold"), "c") == some_bytes(8, 3));
  for (const int end : {to_child[0], to_child[1], to_parent[0], to_parent[1]}) close(end);
}
