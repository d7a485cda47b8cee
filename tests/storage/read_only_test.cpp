// Reading without writing. Permissions do not apply to root, so tests of them run as another user.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "process.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

namespace fs = std::filesystem;

void set_permissions(const fs::path& path, unsigned mode) { fs::permissions(path, static_cast<fs::perms>(mode)); }

// In a folder that anybody may look into.
struct SharedFolder : StoreWithScope {
  SharedFolder() { set_permissions(folder.path(), 0755); }
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
};

// Two processes that take turns.
class Turns {
 public:
  Turns() {
    REQUIRE(pipe(there_) == 0);
    REQUIRE(pipe(back_) == 0);
  }
  ~Turns() {
    for (const int end : {there_[0], there_[1], back_[0], back_[1]}) close(end);
  }
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;
  void ask() {
    put(there_[1]);
    take(back_[0]);
  }
  void wait() { take(there_[0]); }
  void answer() { put(back_[1]); }

 private:
  static void put(int end) {
    if (write(end, "x", 1) != 1) throw std::runtime_error("the other process is gone");
  }
  static void take(int end) {
    pollfd waiting{end, POLLIN, 0};
    char c = 0;
    if (poll(&waiting, 1, 20'000) != 1 || read(end, &c, 1) != 1) throw std::runtime_error("the other process is gone");
  }
  int there_[2];
  int back_[2];
};

std::string read_it(const fs::path& path) {
  Database database(path, read_only());
  return value_of(database.main(), "a") == some_bytes(8, 1) ? "read" : "wrong value";
}

}  // namespace

// What SQLite does when a connection closes: it asks for the whole file, and gives up where others have it open.
TEST_CASE("a store opens without waiting even while another connection is closing") {
  TemporaryFolder folder;
  const std::filesystem::path path = folder / "m.db";
  add(Database(path, {}).main(), "w", some_bytes(16));
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t closing = ::fork();
  if (closing == 0) {
    const int file = ::open(path.c_str(), O_RDWR);
    struct flock pending {};
    pending.l_type = F_WRLCK;
    pending.l_whence = SEEK_SET;
    pending.l_start = 0x40000000;  // SQLite's pending byte
    pending.l_len = 1;
    const char locked = ::fcntl(file, F_SETLK, &pending) == 0 ? 'y' : 'n';
    if (::write(ready[1], &locked, 1) != 1) ::_exit(1);
    ::usleep(30'000);
    ::_exit(0);
  }
  char locked = 'n';
  REQUIRE(::read(ready[0], &locked, 1) == 1);
  REQUIRE(locked == 'y');
  OpenOptions options;
  options.read_only = true;
  options.busy_timeout = std::chrono::milliseconds(0);
  Database reader(path, options);
  CHECK(reader.main().count() == 1);
  ::waitpid(closing, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

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

TEST_CASE("a journal that was never used, left by a disk that failed, hinders no reader") {
  const SharedFolder shared;
  write_file(shared.path.string() + "-journal", std::string(600, '\0'));
  shared.seal();
  CHECK(as_ordinary_user([&] { return read_it(shared.path); }) == "read");
}

TEST_CASE("a reader of another user's store leaves nothing behind that hinders the owner") {
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

TEST_CASE("what a crashed writer left is read by other users, and left to its owner") {
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

TEST_CASE("a store that may not be read, or a folder in which none may be created, is named in the error") {
  const SharedFolder shared;
  set_permissions(shared.path, 0000);
  CHECK(contains(as_ordinary_user([&] { return read_it(shared.path); }), "may not be read"));
  set_permissions(shared.folder.path(), 0555);
  CHECK(contains(as_ordinary_user([&]() -> std::string {
                   Database database(shared.folder / "new.db");
                   return "made";
                 }),
                 "cannot create a file"));
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

TEST_CASE("commits that only a crashed writer's -wal has are not silently left out") {
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

TEST_CASE("a store in a folder that may not be written is followed when somebody writes to it later") {
  for (const bool writer_stays : {false, true}) {
    INFO("the writer stays: " << writer_stays);
    const SharedFolder shared;
    {
      Database database(shared.path);
      for (int i = 0; i < 50; ++i) add(database.main(), std::to_string(i), some_bytes(100'000));
    }
    shared.seal();
    Turns turns;
    ChildProcess writer([&] {
      turns.wait();
      shared.open();
      for (const char* name : {"m.params.db", "m.params.scopes/s.params.db"})
        set_permissions(shared.folder / name, 0644);
      {
        Database database(shared.path);
        for (int i = 0; i < 50; ++i) {
          WriteTransaction transaction(database.main());
          transaction.erase(database.main().find(std::to_string(i))->id, std::nullopt);
          transaction.commit();
        }
        for (int i = 0; i < 20; ++i) add(database.main(), "new" + std::to_string(i), some_bytes(50'000, 5));
        add(*database.scope("s"), "new", some_bytes(8, 6));
        if (!writer_stays) database = Database::in_memory();
        shared.seal();
        turns.answer();
        turns.wait();
      }
      turns.answer();
      return std::string("done");
    });
    const std::string result = as_ordinary_user([&]() -> std::string {
      Database database(shared.path, read_only());
      StoreFile& file = database.main();
      const auto scope = database.scope("s");
      const auto counters = std::pair(file.change_counter(), scope->change_counter());
      if (file.count() != 51 || scope->count() != 1) return "not read";
      {
        const ReadTransaction snapshot(file);
        turns.ask();
        try {
          if (file.count() != 51) return "another commit in one transaction";
        } catch (const StoreBusy&) {
        }
      }
      if (file.change_counter() == counters.first || scope->change_counter() == counters.second) return "not noticed";
      if (file.count() != 21 || file.list().back().name != "new19") return "not followed";
      if (value_of(file, "new7") != some_bytes(50'000, 5) || value_of(file, "a") != some_bytes(8, 1)) return "not read";
      if (value_of(*scope, "new") != some_bytes(8, 6)) return "the scope is not followed";
      turns.ask();
      if (value_of(file, "new7") != some_bytes(50'000, 5)) return "not read after the writer";
      return "followed";
    });
    CHECK(result == "followed");
    CHECK(writer.wait() == "done");
  }
}

TEST_CASE("a change made while a file is read without locks is not reported as damage") {
  const SharedFolder shared;
  {
    Database database(shared.path);
    for (int i = 0; i < 50; ++i) add(database.main(), std::to_string(i), some_bytes(200'000));
  }
  shared.seal();
  Turns turns;
  ChildProcess writer([&] {
    turns.wait();
    shared.open();
    set_permissions(shared.path, 0644);
    {
      Database database(shared.path);
      WriteTransaction transaction(database.main());
      const auto value = some_bytes(200'000, 9);
      for (std::int64_t id = 2; id <= 51; ++id)
        transaction.update_value(id, std::nullopt, bytes_of(value), value_checksum(bytes_of(value)));
      transaction.commit();
    }
    shared.seal();
    turns.answer();
    return std::string("done");
  });
  const std::string result = as_ordinary_user([&]() -> std::string {
    Database database(shared.path, read_only());
    std::vector<std::vector<char>> values;
    const auto allocate = [&](const ParamRecord& record) -> void* {
      if (values.size() == 3) turns.ask();
      values.emplace_back(static_cast<std::size_t>(*value_size(record.shape, record.dtype)));
      return values.back().data();
    };
    try {
      database.main().read_all(allocate);
      return "read a mixture";
    } catch (const StoreBusy&) {
    }
    values.clear();
    values.resize(10);
    database.main().read_all(allocate);
    return values.back() == some_bytes(200'000, 9) ? "read again" : "another value";
  });
  CHECK(result == "read again");
  CHECK(writer.wait() == "done");
}
