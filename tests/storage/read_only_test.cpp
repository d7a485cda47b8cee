// Reading without ever writing. Permissions mean nothing to root, so what is about them runs as another user.
#include <doctest/doctest.h>

#include "process.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

namespace fs = std::filesystem;

OpenOptions read_only() {
  OpenOptions options;
  options.read_only = true;
  return options;
}

void set_permissions(const fs::path& path, unsigned mode) { fs::permissions(path, static_cast<fs::perms>(mode)); }

// A folder that anybody may look into, with a store of one parameter in it, and a scope.
struct SharedFolder {
  SharedFolder() : folder(), path(folder / "m.params.db") {
    Database database(path);
    add(database.main(), "a", some_bytes(8, 1));
    add(*database.scope("s"), "b", some_bytes(8, 2));
    set_permissions(folder.path(), 0755);
  }
  ~SharedFolder() { open(); }
  void seal() const {
    for (const char* name : {"m.params.db", "m.params.db-wal", "m.params.db-shm", "m.params.scopes/s.params.db"}) {
      if (fs::exists(folder / name)) set_permissions(folder / name, 0444);
    }
    set_permissions(folder / "m.params.scopes", 0555);
    set_permissions(folder.path(), 0555);
  }
  void open() const {
    set_permissions(folder.path(), 0755);
    set_permissions(folder / "m.params.scopes", 0755);
  }
  TemporaryFolder folder;
  fs::path path;
};

std::string read_it(const fs::path& path) {
  Database database(path, read_only());
  return value_of(database.main(), "a") == some_bytes(8, 1) ? "read" : "wrong value";
}

}  // namespace

TEST_CASE("a store opened read-only is read, follows other writers, and is not changed") {
  const SharedFolder shared;
  const std::string before = read_file(shared.path);
  {
    Database database(shared.path, read_only());
    CHECK(database.main().read_only());
    CHECK(value_of(database.main(), "a") == some_bytes(8, 1));
    CHECK(contains(message_of<Error>([&] { WriteTransaction refused(database.main()); }), "read-only"));
    CHECK(database.scope_names() == std::vector<std::string>{"s"});
    CHECK(value_of(*database.scope("s"), "b") == some_bytes(8, 2));
    CHECK_THROWS_AS(WriteTransaction(*database.scope("s")), Error);
    CHECK(contains(message_of<StorageError>([&] { database.scope("new"); }), "no scope 'new'"));
    CHECK_THROWS_AS(database.drop_scope("s"), Error);
    const auto anonymous = database.anonymous_scope();
    add(*anonymous, "mine", some_bytes(8, 3));
    CHECK(value_of(*anonymous, "mine") == some_bytes(8, 3));
  }
  CHECK(read_file(shared.path) == before);
  Database reader(shared.path, read_only());
  Database writer(shared.path);
  const auto counter = reader.main().change_counter();
  add(writer.main(), "new", some_bytes(8));
  CHECK(reader.main().change_counter() != counter);
  CHECK(reader.main().find("new"));
}

TEST_CASE("a store in a folder that may not be written is read") {
  const SharedFolder shared;
  shared.seal();
  CHECK(as_ordinary_user([&] { return read_it(shared.path); }) == "read");
  CHECK(as_ordinary_user([&]() -> std::string {
          Database database(shared.path, read_only());
          return value_of(*database.scope("s"), "b") == some_bytes(8, 2) ? "read" : "wrong value";
        }) == "read");
  CHECK(contains(as_ordinary_user([&]() -> std::string {
                   Database database(shared.path);
                   return "opened";
                 }),
                 "may not be written"));
}

TEST_CASE("who reads a store that belongs to somebody else leaves nothing in its way") {
  const SharedFolder shared;
  set_permissions(shared.folder.path(), 0777);
  set_permissions(shared.folder / "m.params.scopes", 0777);
  const auto reading = [&](const std::string& scope) {
    return as_ordinary_user([&]() -> std::string {
      Database database(shared.path, read_only());
      const bool found =
          scope.empty() ? database.main().find("a").has_value() : database.scope(scope)->find("b").has_value();
      // Not even while it reads: the owner may begin to write at any time.
      return !found ? "wrong value" : fs::exists(shared.path.string() + "-shm") ? "in the way" : "read";
    });
  };
  CHECK(reading("") == "read");
  CHECK(reading("s") == "read");
  const auto files = [](const fs::path& folder) { return std::distance(fs::directory_iterator(folder), {}); };
  CHECK(files(shared.folder.path()) == 2);
  CHECK(files(shared.folder / "m.params.scopes") == 1);

  Database owner(shared.path);
  add(owner.main(), "new", some_bytes(8));
  CHECK(as_ordinary_user([&]() -> std::string {
          Database database(shared.path, read_only());
          return database.main().find("new") ? "newest" : "older";
        }) == "newest");
}

TEST_CASE("what a writer that crashed left is read by others, and left to its owner") {
  const SharedFolder shared;
  const SharedFolder crashed;
  {
    Database writer(shared.path);
    add(writer.main(), "new", some_bytes(8));
    for (const char* suffix : {"", "-wal", "-shm"}) {
      fs::copy_file(shared.path.string() + suffix, crashed.path.string() + suffix,
                    fs::copy_options::overwrite_existing);
    }
  }
  set_permissions(crashed.folder.path(), 0777);
  const auto reading = [&] {
    return as_ordinary_user([&]() -> std::string {
      Database database(crashed.path, read_only());
      return database.main().find("new") ? "newest" : "older";
    });
  };
  CHECK(reading() == "newest");
  fs::remove(crashed.path.string() + "-shm");
  CHECK(contains(reading(), "once for writing"));
  CHECK_FALSE(fs::exists(crashed.path.string() + "-shm"));
  CHECK(Database(crashed.path).main().find("new"));
}

TEST_CASE("a store that may not be read, or a folder in which none can be made, is named") {
  const SharedFolder shared;
  set_permissions(shared.path, 0000);
  CHECK(contains(as_ordinary_user([&] { return read_it(shared.path); }), "may not be read"));
  set_permissions(shared.folder.path(), 0555);
  CHECK(contains(as_ordinary_user([&]() -> std::string {
                   Database database(shared.folder / "new.db");
                   return "made";
                 }),
                 "no file can be made"));
}

TEST_CASE("a store in use is read at its newest commit, also from a folder that may not be written") {
  const SharedFolder shared;
  Database writer(shared.path);
  add(writer.main(), "new", some_bytes(8));
  shared.seal();
  CHECK(as_ordinary_user([&]() -> std::string {
          Database database(shared.path, read_only());
          return database.main().find("new") ? "newest" : "older";
        }) == "newest");
  shared.open();
}

TEST_CASE("commits that only a crashed writer's log has are not left out in silence") {
  const SharedFolder shared;
  {
    Database writer(shared.path);
    add(writer.main(), "new", some_bytes(8));
    fs::copy_file(shared.path.string() + "-wal", shared.folder / "kept");
  }
  // The main file as it was before, the log as it was after.
  fs::rename(shared.folder / "kept", shared.path.string() + "-wal");
  shared.seal();
  const std::string message = as_ordinary_user([&] { return read_it(shared.path); });
  CHECK(contains(message, "-wal"));
  CHECK(contains(message, "once for writing"));
  shared.open();
  set_permissions(shared.path, 0644);
  set_permissions(shared.path.string() + "-wal", 0644);
  CHECK(Database(shared.path).main().find("new"));
}
