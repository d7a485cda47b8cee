#include <doctest/doctest.h>

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "process.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

// Which folders were synced, and whether that works.
struct Syncs {
  std::vector<ino_t> folders;
  bool fail = false;
};
Syncs* syncs = nullptr;

ino_t inode_of(const std::filesystem::path& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

// In place of the C library's, for the library too.
extern "C" __attribute__((visibility("default"))) int fsync(int file) {
  struct stat status {};
  if (syncs != nullptr && fstat(file, &status) == 0 && S_ISDIR(status.st_mode)) {
    syncs->folders.push_back(status.st_ino);
    if (syncs->fail) {
      errno = EIO;
      return -1;
    }
  }
  return static_cast<int>(syscall(SYS_fsync, file));
}

TEST_CASE("the folder of the scopes is on the disk before the first scope's commit returns") {
  const TemporaryFolder folder;
  Database database(folder / "m.params.db");
  Syncs seen;
  syncs = &seen;
  seen.fail = true;
  const auto message = message_of<StorageError>([&] { database.scope("s"); });
  seen.fail = false;
  seen.folders.clear();
  database.scope("s");
  syncs = nullptr;
  CHECK(contains(message, "cannot be synced"));
  CHECK(std::count(seen.folders.begin(), seen.folders.end(), inode_of(folder.path())) == 1);
}

TEST_CASE("a folder of scopes that may not be read is an error, not an empty one") {
  const TemporaryFolder folder;
  {
    Database database(folder / "m.params.db");
    database.scope("s");
  }
  const auto others = [](const std::filesystem::path& path, unsigned mode) {
    std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
  };
  others(folder.path(), 0755);
  others(folder / "m.params.scopes", 0000);
  const auto path = folder / "m.params.db";
  OpenOptions options;
  options.read_only = true;
  CHECK(contains(as_ordinary_user([&]() -> std::string {
                   Database database(path, options);
                   return std::to_string(database.scope_names().size());
                 }),
                 "the folder of the scopes cannot be read"));
  CHECK(contains(as_ordinary_user([&]() -> std::string {
                   Database database(path, options);
                   return database.scope("s")->path();
                 }),
                 "cannot be examined"));
  others(folder / "m.params.scopes", 0755);
}

TEST_CASE("a scope is a file beside the store") {
  CHECK(scope_path("model.params.db", "fold-1") == "model.params.scopes/fold-1.params.db");
  CHECK(scope_path("/x/model", "a/b") == "/x/model.scopes/a%2Fb.params.db");
  CHECK(scope_path("m.db", "..") == "m.scopes/%2E..params.db");
  CHECK_THROWS_AS(scope_path("m.db", ""), InvalidName);
  CHECK_THROWS_AS(scope_path("m.db", std::string(67, '/')), InvalidName);
  CHECK_NOTHROW(scope_path("m.db", std::string(66, '/')));
}

TEST_CASE("scopes keep their own parameters, across processes, and are dropped with their files") {
  const TemporaryFolder folder;
  {
    Database database(folder / "m.params.db");
    const auto scope = database.scope("fold-1");
    add(*scope, "a", some_bytes(8, 1));
    add(database.main(), "a", some_bytes(8, 2));
    CHECK(database.scope("fold-1") == scope);
    CHECK_THROWS_AS(database.drop_scope("fold-1"), Error);
  }
  Database database(folder / "m.params.db");
  CHECK(database.scope_names() == std::vector<std::string>{"fold-1"});
  CHECK(value_of(*database.scope("fold-1"), "a") == some_bytes(8, 1));
  CHECK(value_of(database.main(), "a") == some_bytes(8, 2));
  CHECK(database.drop_scope("fold-1"));
  CHECK_FALSE(database.drop_scope("fold-1"));
  CHECK(database.scope_names().empty());
  CHECK(database.scope("fold-1")->count() == 0);
}

TEST_CASE("a scope that another store or process has open is not dropped, and its commits stay") {
  const TemporaryFolder folder;
  {
    Database database(folder / "m.params.db");
    add(*database.scope("s"), "a", some_bytes(8, 1));
  }
  OpenOptions impatient;
  impatient.busy_timeout = std::chrono::milliseconds(20);
  {
    Database theirs(folder / "m.params.db");
    const auto scope = theirs.scope("s");
    Database database(folder / "m.params.db", impatient);
    const std::string message = message_of<StoreBusy>([&] { database.drop_scope("s"); });
    CHECK(contains(message, "is open in another process"));
    CHECK(contains(message, "s.params.db"));
    add(*scope, "b", some_bytes(8, 2));
  }
  CHECK(value_of(*Database(folder / "m.params.db").scope("s"), "b") == some_bytes(8, 2));
  {
    OpenOptions reading;
    reading.read_only = true;
    Database theirs(folder / "m.params.db", reading);
    const auto scope = theirs.scope("s");
    const std::string result = ChildProcess([&]() -> std::string {
                                 Database database(folder / "m.params.db", impatient);
                                 return database.drop_scope("s") ? "dropped" : "none";
                               }).wait();
    CHECK(contains(result, "is open in another process"));
  }
  Database database(folder / "m.params.db", impatient);
  CHECK(database.drop_scope("s"));
  CHECK_FALSE(std::filesystem::exists(folder / "m.params.scopes"));
}

TEST_CASE("with a journal beside its file, a scope in use is still not dropped, and a dropped scope leaves no file") {
  TemporaryFolder folder;
  const auto path = folder / "m.db";
  add(*Database(path, {}).scope("s"), "w", some_bytes(16));
  const std::filesystem::path file = scope_path(path, "s");
  OpenOptions impatient;
  impatient.busy_timeout = std::chrono::milliseconds(0);
  {
    Database user(path, {});
    const auto used = user.scope("s");
    CHECK(used->count() == 1);
    write_file(file.string() + "-journal", "left behind by a write that did not end");
    Database other(path, impatient);
    CHECK_THROWS_AS(other.drop_scope("s"), StoreBusy);
    CHECK(std::filesystem::exists(file));
    add(*used, "v", some_bytes(16));
    CHECK(used->count() == 2);
  }
  write_file(file.string() + "-journal", "left behind by a write that did not end");
  CHECK(Database(path, impatient).drop_scope("s"));
  for (const char* each : {"", "-wal", "-shm", "-journal"}) CHECK_FALSE(std::filesystem::exists(file.string() + each));
}

TEST_CASE("a drop that fails in the middle leaves the whole scope") {
  const TemporaryFolder folder;
  OpenOptions impatient;
  impatient.busy_timeout = std::chrono::milliseconds(20);
  Database database(folder / "m.params.db", impatient);
  add(*database.scope("s"), "a", some_bytes(8, 1));
  {
    Database other(folder / "m.params.db");
    const WriteTransaction locked(other.main());
    CHECK_THROWS_AS(database.drop_scope("s"), StoreBusy);
  }
  CHECK(database.scope_names() == std::vector<std::string>{"s"});
  CHECK(value_of(*database.scope("s"), "a") == some_bytes(8, 1));
}

TEST_CASE("a store that opens a scope just as it is dropped does not write into a deleted file") {
  const TemporaryFolder folder;
  Database database(folder / "m.params.db");
  add(*database.scope("s"), "a", some_bytes(8, 1));
  PlainSqlite late(folder / "m.params.scopes/s.params.db");  // no lock yet
  CHECK(database.drop_scope("s"));
  CHECK(contains(late.run("PRAGMA journal_mode = WAL"), "readonly"));
  CHECK(contains(late.run("DELETE FROM params"), "readonly"));
}

TEST_CASE("a damaged scope can be dropped") {
  const TemporaryFolder folder;
  Database database(folder / "m.params.db");
  add(*database.scope("s"), "a", some_bytes(8, 1));
  write_file(folder / "m.params.scopes/s.params.db", "no store");
  CHECK(database.drop_scope("s"));
  CHECK(database.scope_names().empty());
}

TEST_CASE("commits that create and drop scopes say so") {
  const TemporaryFolder folder;
  Database database(folder / "m.params.db");
  database.scope("s");
  database.drop_scope("s");
  const auto commits = database.main().commits(2);
  CHECK(commits.at(1).message == "new scope 's'");
  CHECK(commits.at(0).message == "dropped scope 's'");
}

TEST_CASE("more scopes than SQLite can attach") {
  const TemporaryFolder folder;
  for (const bool in_memory : {false, true}) {
    Database database = in_memory ? Database::in_memory() : Database(folder / "m.params.db");
    std::vector<std::shared_ptr<StoreFile>> scopes;
    for (int i = 0; i < 25; ++i) {
      scopes.push_back(i % 5 == 0 ? database.anonymous_scope() : database.scope("s" + std::to_string(i)));
      add(*scopes.back(), "p", some_bytes(8, static_cast<std::uint64_t>(i)));
    }
    for (int round = 0; round < 2; ++round) {
      for (std::size_t i = 0; i < scopes.size(); ++i) CHECK(value_of(*scopes[i], "p") == some_bytes(8, i));
    }
    CHECK(database.scope_names().size() == 20);
  }
}

TEST_CASE("names that SQLite reserves, that differ in case, or that look like paths are names like any other") {
  const TemporaryFolder folder;
  Database database(folder / "m.params.db");
  const std::vector<std::string> names = {"main",  "temp", "MAIN", "vacuum_db", "Fold", "fold",
                                          "../..", ".",    "a\"b", "a'b;--",    "ß",    "%2E"};
  std::vector<std::shared_ptr<StoreFile>> scopes;
  for (const std::string& name : names) {
    scopes.push_back(database.scope(name));
    add(*scopes.back(), name, some_bytes(8));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    CHECK(scopes[i]->count() == 1);
    CHECK(scopes[i]->find(names[i]));
  }
  auto sorted = names;
  std::sort(sorted.begin(), sorted.end());
  CHECK(database.scope_names() == sorted);
  CHECK(database.main().count() == 0);
}

TEST_CASE("an anonymous scope is gone with its last handle, and outlives its database without harm") {
  std::shared_ptr<StoreFile> scope;
  {
    Database database = Database::in_memory();
    scope = database.anonymous_scope();
    add(*scope, "a", some_bytes(4));
    CHECK(scope->count() == 1);
    CHECK(database.anonymous_scope()->count() == 0);
    CHECK(database.scope_names().empty());
  }
  CHECK(contains(message_of<Error>([&] { scope->count(); }), "closed"));
}

TEST_CASE("reading a scope that another connection has dropped while it was detached does not create it again") {
  const TemporaryFolder folder;
  Database database(folder / "m.params.db");
  const auto dropped = database.scope("dropped");
  add(*dropped, "a", some_bytes(8));
  std::vector<std::shared_ptr<StoreFile>> others;
  for (int i = 0; i < 12; ++i) others.push_back(database.scope(std::to_string(i)));  // which takes its place
  CHECK(Database(folder / "m.params.db").drop_scope("dropped"));
  CHECK(contains(message_of<StorageError>([&] { dropped->count(); }), "dropped.params.db"));
  CHECK_FALSE(std::filesystem::exists(folder / "m.scopes/dropped.params.db"));
  CHECK_FALSE(std::filesystem::exists(folder / "m.params.scopes/dropped.params.db"));
}
