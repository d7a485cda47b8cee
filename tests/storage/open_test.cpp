#include <doctest/doctest.h>
#include <sys/stat.h>

#include <fstream>
#include <utility>

#include "lib/storage/store_internals.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

TEST_CASE("a new store is a WAL database with our application_id, and closing leaves one file") {
  const TemporaryFolder folder;
  { Database database(folder / "a.params.db"); }
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  PlainSqlite plain(folder / "a.params.db");
  CHECK(plain.get("PRAGMA application_id") == std::to_string(0x50524d53));
  CHECK(plain.get("PRAGMA user_version") == "2");
  CHECK(plain.get("PRAGMA journal_mode") == "wal");
  CHECK(plain.get("PRAGMA page_size") == "65536");
  CHECK(plain.get("SELECT length(value) FROM meta WHERE key = 'store_id'") == "32");
  CHECK(plain.get("SELECT count(*) FROM meta") == "3");
  CHECK(plain.get("PRAGMA integrity_check") == "ok");
}

TEST_CASE("what is wrong with a path is said") {
  const TemporaryFolder folder;
  const auto opening = [](const std::filesystem::path& path, const OpenOptions& options = {}) {
    return message_of<StorageError>([&] { Database database(path, options); });
  };
  CHECK(contains(opening(folder.path()), "is a directory"));
  CHECK(contains(opening(folder / "no/such/a.db"), "does not exist"));
  OpenOptions options;
  options.create = false;
  CHECK(contains(opening(folder / "a.db", options), "no such file"));
  options.create = true;
  options.read_only = true;
  CHECK(contains(opening(folder / "a.db", options), "no such file"));
  CHECK(contains(opening(""), "empty"));
  CHECK(contains(opening(":memory:"), "in_memory()"));
  REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK(contains(opening(folder / "pipe"), "not a regular file"));
  CHECK_FALSE(std::filesystem::exists(folder / "a.db"));
}

TEST_CASE("what is not a regular file beside a store is refused before SQLite waits for it, and named") {
  using Maker = void (*)(const std::filesystem::path&);
  const std::pair<const char*, Maker> things[] = {
      {"named pipe", [](const std::filesystem::path& path) { REQUIRE(mkfifo(path.c_str(), 0600) == 0); }},
      {"a folder", [](const std::filesystem::path& path) { std::filesystem::create_directory(path); }},
      {"a symbolic link", [](const std::filesystem::path& path) { std::filesystem::create_symlink("else", path); }},
      {"a socket", [](const std::filesystem::path& path) { REQUIRE(mknod(path.c_str(), S_IFSOCK | 0600, 0) == 0); }}};
  for (const auto& [kind, make] : things) {
    for (const char* suffix : {"-journal", "-wal", "-shm"}) {
      INFO(kind << " " << suffix);
      const TemporaryFolder folder;
      write_file(folder / "else", "not to be lost");
      Database source = Database::in_memory();
      {
        Database database(folder / "a.params.db");
        database.scope("s");
      }
      const auto scope = folder / "a.params.scopes/s.params.db";
      const auto refused = [&](const std::filesystem::path& beside, const auto& action) {
        const std::string message = message_of<StorageError>(action);
        CHECK(contains(message, beside.string() + " to be a regular file"));
        CHECK(contains(message, kind));
      };
      {  // of a scope
        std::filesystem::path beside = scope;
        make(beside += suffix);
        Database database(folder / "a.params.db");
        refused(beside, [&] { database.scope("s"); });
        refused(beside, [&] { database.drop_scope("s"); });
        std::filesystem::remove(beside);
        CHECK(database.scope("s")->count() == 0);
      }
      std::filesystem::path beside = folder / "a.params.db";
      make(beside += suffix);
      OpenOptions read_only;
      read_only.read_only = true;
      refused(beside, [&] { Database database(folder / "a.params.db", read_only); });
      refused(beside, [&] { Database database(folder / "a.params.db"); });
      refused(beside, [&] { source.main().copy_to(folder / "a.params.db", nullptr); });
      std::filesystem::remove(folder / "a.params.db");
      refused(beside, [&] { Database database(folder / "a.params.db"); });  // would be a new one
      CHECK(read_file(folder / "else") == "not to be lost");
    }
  }
}

TEST_CASE("a scope that is attached again, and a store that is verified, do not wait for a pipe either") {
  const TemporaryFolder folder;
  Database database(folder / "a.params.db");
  std::vector<std::shared_ptr<StoreFile>> scopes;
  for (int i = 0; i < 12; ++i) scopes.push_back(database.scope(std::to_string(i)));  // the first is detached
  REQUIRE(mkfifo((folder / "a.params.scopes/0.params.db-journal").c_str(), 0600) == 0);
  CHECK(contains(message_of<StorageError>([&] { scopes.front()->count(); }), "0.params.db-journal"));
  REQUIRE(mkfifo((folder / "gone.db-wal").c_str(), 0600) == 0);
  CHECK(database.main().verify().damage.empty());
}

TEST_CASE("names that are too long for the files beside them are refused before anything is made") {
  const TemporaryFolder folder;
  const auto name = [&](std::size_t size) { return folder / std::string(size, 'x'); };
  { Database database(name(247)); }
  CHECK(contains(message_of<StorageError>([&] { Database database(name(248)); }), "at most 247"));
  CHECK(contains(message_of<StorageError>([&] { Database database(name(300)); }), "the file's name is too long"));
  Database database = Database::in_memory();
  database.main().copy_to(name(221), nullptr);
  CHECK(contains(message_of<StorageError>([&] { database.main().copy_to(name(222), nullptr); }), "at most 221"));
  std::filesystem::path deep = folder.path();
  while (deep.string().size() < 480) deep /= std::string(40, 'd');
  std::filesystem::create_directories(deep);
  CHECK(contains(message_of<StorageError>([&] { Database lost(deep / "model.params.db"); }),
                 "the whole path is too long"));
  CHECK(std::filesystem::is_empty(deep));
}

TEST_CASE("a file that is no store is refused and left as it is") {
  const TemporaryFolder folder;
  const std::string text =
      "PK\x03\x04 this is an archive, and long enough to be anything at all: " + std::string(200, 'x');
  write_file(folder / "archive", text);
  const auto message = message_of<NotAStore>([&] { Database database(folder / "archive"); });
  CHECK(contains(message, "'PK\\x03\\x04 this is"));
  CHECK(read_file(folder / "archive") == text);

  {
    PlainSqlite other(folder / "other.db");
    CHECK(other.run("PRAGMA application_id = 42; CREATE TABLE t (x)") == "");
  }
  const std::string before = read_file(folder / "other.db");
  CHECK(contains(message_of<NotAStore>([&] { Database database(folder / "other.db"); }), "application_id is 42"));
  {
    PlainSqlite other(folder / "plain.db");
    CHECK(other.run("CREATE TABLE t (x)") == "");
  }
  CHECK_THROWS_AS(Database(folder / "plain.db"), NotAStore);
  CHECK(read_file(folder / "other.db") == before);
}

TEST_CASE("an empty file becomes a store") {
  const TemporaryFolder folder;
  write_file(folder / "a.db", "");
  OpenOptions read_only;
  read_only.read_only = true;
  CHECK_THROWS_AS(Database(folder / "a.db", read_only), NotAStore);
  Database database(folder / "a.db");
  add(database.main(), "a", some_bytes(4));
  CHECK(database.main().count() == 1);
}

TEST_CASE("a store of a newer schema is refused with both versions") {
  const TemporaryFolder folder;
  { Database database(folder / "a.db"); }
  {
    PlainSqlite plain(folder / "a.db");
    CHECK(plain.run("PRAGMA user_version = 99") == "");
  }
  try {
    Database database(folder / "a.db");
    FAIL("opened");
  } catch (const SchemaTooNew& error) {
    CHECK(error.found() == 99);
    CHECK(error.supported() == 2);
    CHECK(contains(error.what(), "99"));
  }
}

TEST_CASE("paths may hold anything a file name can") {
  const TemporaryFolder folder;
  for (const char* name :
       {"a b.db", "50%.db", "what?.db", "x#y.db", "file:z", "a&mode=ro", "'\"", "ß€.db", "new\nline"}) {
    INFO(name);
    {
      Database database(folder / name);
      add(database.main(), "a", some_bytes(4));
    }
    CHECK(std::filesystem::exists(folder / name));
    CHECK(Database(folder / name).main().count() == 1);
  }
}

TEST_CASE("a store opened by a symbolic link is the same store, with the same scopes") {
  const TemporaryFolder folder;
  Database database(folder / "a.params.db");
  database.scope("s");
  std::filesystem::create_symlink("a.params.db", folder / "link.params.db");
  Database linked(folder / "link.params.db");
  CHECK(linked.scope_names() == std::vector<std::string>{"s"});
}

TEST_CASE("a store made through a link to a file that is not there yet has its scopes beside the file") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "data");
  std::filesystem::create_symlink("data/second", folder / "first.params.db");
  std::filesystem::create_symlink("real.params.db", folder / "data/second");
  {
    Database made(folder / "first.params.db");
    add(*made.scope("s"), "a", some_bytes(8));
  }
  CHECK(std::filesystem::exists(folder / "data/real.params.scopes/s.params.db"));
  Database database(folder / "first.params.db");
  CHECK(database.scope_names() == std::vector<std::string>{"s"});

  std::filesystem::create_symlink("data/copy.db", folder / "copy.db");
  database.main().copy_to(folder / "copy.db", nullptr);
  CHECK(std::filesystem::is_symlink(folder / "copy.db"));
  CHECK(std::filesystem::is_regular_file(folder / "data/copy.db"));

  std::filesystem::create_symlink("nowhere/a.db", folder / "lost.db");
  CHECK(contains(message_of<StorageError>([&] { Database lost(folder / "lost.db"); }), "nowhere does not exist"));
  std::filesystem::create_symlink("circle.db", folder / "circle.db");
  CHECK_THROWS_AS(Database(folder / "circle.db"), StorageError);
}

TEST_CASE("a file that a write left unfinished opens as it was before; one that is no database still is none") {
  const TemporaryFolder folder;
  Database other = Database::in_memory();
  write_file(folder / "text", "not a database");
  write_file(folder / "text-journal", "neither is this");
  CHECK_THROWS_AS(Database(folder / "text"), NotAStore);
  CHECK_THROWS_AS(other.main().copy_to(folder / "text", nullptr), NotAStore);
  CHECK(read_file(folder / "text") == "not a database");

  // What was synced of the journal undoes what was written of the file.
  { Database database(folder / "a.db"); }
  PlainSqlite plain(folder / "a.db");
  CHECK(plain.run("PRAGMA journal_mode = DELETE; PRAGMA cache_spill = 1; PRAGMA cache_size = 1; BEGIN;"
                  "CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(1000000))") == "");
  REQUIRE(std::filesystem::file_size(folder / "a.db-journal") > 512);
  const std::string torn = read_file(folder / "a.db").replace(0, 4096, 4096, '\0');
  // Also for who only reads: SQLite's own read-only connections cannot undo anything.
  for (const bool read_only : {false, true}) {
    CAPTURE(read_only);
    const auto killed = folder / (read_only ? "b.db" : "c.db");
    write_file(killed, torn);
    std::filesystem::copy_file(folder / "a.db-journal", killed.string() + "-journal");
    OpenOptions options;
    options.read_only = read_only;
    Database database(killed, options);
    CHECK(database.main().verify().damage.empty());
    CHECK_FALSE(std::filesystem::exists(killed.string() + "-journal"));
  }
}

TEST_CASE("a store that another connection keeps to itself is busy, and opens once it is let go") {
  const TemporaryFolder folder;
  { Database database(folder / "a.db"); }
  OpenOptions impatient;
  impatient.busy_timeout = std::chrono::milliseconds(20);
  {
    PlainSqlite greedy(folder / "a.db");
    CHECK(greedy.run(
              "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; INSERT INTO commits (step) VALUES (1); COMMIT") == "");
    CHECK(contains(message_of<StoreBusy>([&] { Database database(folder / "a.db", impatient); }), "a.db"));
  }
  CHECK(Database(folder / "a.db", impatient).main().revision() == 1);
}

TEST_CASE("where there is no shared memory for the write-ahead log, a store opens for reading only, and says so") {
  const TemporaryFolder folder;
  InternalOptions options;
  options.vfs = "unix-dotfile";  // SQLite's own, for file systems that have neither locks nor shared memory
  const std::string message = message_of<StorageError>([&] { open_database(folder / "a.params.db", options); });
  CHECK(message ==
        (folder / "a.params.db").string() +
            ": cannot open the store: expected a file system with shared memory, as SQLite's write-ahead log "
            "needs it, found one on which the journal mode stays 'delete'; put the store on a local disk, or "
            "open it read-only");
  options.read_only = true;
  CHECK(open_database(folder / "a.params.db", options).main().count() == 0);
}

TEST_CASE("a file that is marked as a store and has no schema is refused") {
  const TemporaryFolder folder;
  {
    PlainSqlite plain(folder / "a.db");
    CHECK(plain.run("PRAGMA application_id = 1347571027") == "");
  }
  CHECK_THROWS_AS(Database(folder / "a.db"), CorruptStore);
}

TEST_CASE("an empty file beside a log with commits is a store that was cut off, not a new one") {
  const TemporaryFolder folder;
  Database alive(folder / "a.db");
  add(alive.main(), "a", some_bytes(8));
  const std::string log = read_file(folder / "a.db-wal");
  write_file(folder / "b.db", "");
  write_file(folder / "b.db-wal", log);
  for (const bool read_only : {true, false}) {
    CAPTURE(read_only);
    OpenOptions options;
    options.read_only = read_only;
    const std::string message = message_of<CorruptStore>([&] { Database database(folder / "b.db", options); });
    CHECK(contains(message, "is empty, but its log " + (folder / "b.db-wal").string() + " is not"));
    CHECK(read_file(folder / "b.db-wal") == log);
  }
  std::filesystem::remove(folder / "b.db-wal");
  CHECK(Database(folder / "b.db").main().count() == 0);
}
