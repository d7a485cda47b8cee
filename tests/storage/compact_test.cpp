// Reclaiming the space of erased values; the progress of a copy.
#include <doctest/doctest.h>

#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

namespace fs = std::filesystem;

void fill_and_empty(const fs::path& path) {
  Database database(path);
  for (int i = 0; i < 20; ++i)
    add(database.main(), "p" + std::to_string(i), some_bytes(400'000, static_cast<std::uint64_t>(i)));
  WriteTransaction transaction(database.main());
  for (int i = 0; i < 19; ++i) transaction.erase(database.main().find("p" + std::to_string(i))->id, std::nullopt);
  transaction.commit();
}

}  // namespace

TEST_CASE("compacting makes the file smaller and changes nothing in it") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.params.db";
  fill_and_empty(path);
  const auto before = fs::file_size(path);
  Database database(path);
  Database other(path);
  const ParamRecord record = *database.main().find("p19");
  const Revision revision = database.main().revision();
  CHECK(database.main().compact());
  CHECK(fs::file_size(path) < before / 4);
  const ParamRecord after = *other.main().find("p19");
  CHECK(after.id == record.id);
  CHECK(after.revision == record.revision);
  CHECK(other.main().revision() == revision);
  CHECK(value_of(other.main(), "p19") == some_bytes(400'000, 19));
  add(database.main(), "next", some_bytes(8));
  CHECK(database.main().find("next")->id > record.id);
}

TEST_CASE("a scope is compacted alone") {
  const TemporaryFolder folder;
  Database database(folder / "a.params.db");
  const auto scope = database.scope("s");
  add(*scope, "kept", some_bytes(8));
  CHECK(scope->compact());
  CHECK(value_of(*scope, "kept") == some_bytes(8));
}

TEST_CASE("while somebody reads, compacting leaves the shrinking for later") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.params.db";
  fill_and_empty(path);
  OpenOptions impatient;
  impatient.busy_timeout = std::chrono::milliseconds(20);
  Database database(path, impatient);
  Database reader(path);
  {
    const ReadTransaction snapshot(reader.main());
    CHECK(reader.main().count() == 1);
    CHECK_FALSE(database.main().compact());
    CHECK(value_of(reader.main(), "p19") == some_bytes(400'000, 19));
  }
  CHECK(database.main().compact());
}

TEST_CASE("compacting is refused if it is impossible") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.params.db";
  fill_and_empty(path);
  OpenOptions options;
  options.read_only = true;
  CHECK(contains(message_of<Error>([&] { Database(path, options).main().compact(); }), "read-only"));
  Database database(path);
  {
    WriteTransaction transaction(database.main());
    CHECK(contains(message_of<Error>([&] { database.main().compact(); }), "transaction is open"));
  }
  struct Enough {};
  const std::string before = read_file(path);
  CHECK_THROWS_AS(database.main().compact([](std::uint64_t, std::uint64_t) { throw Enough(); }), Enough);
  CHECK(read_file(path) == before);
  CHECK(database.main().compact());
}

TEST_CASE("a file with a damaged structure is not compacted") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.params.db";
  fill_and_empty(path);
  {
    // A page that two b-trees have.
    PlainSqlite plain(path);
    CHECK(plain.run("CREATE TABLE other (x); PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = (SELECT "
                    "rootpage FROM sqlite_schema WHERE name = 'commits') WHERE name = 'other'") == "");
  }
  const std::string before = read_file(path);
  {
    Database database(path);
    CHECK(contains(message_of<CorruptStore>([&] { database.main().compact(); }), "the file is damaged"));
  }
  CHECK(read_file(path) == before);
}

TEST_CASE("a copy reports its progress, and leaves nothing behind if it is aborted") {
  const TemporaryFolder folder;
  const fs::path path = folder / "a.params.db";
  fill_and_empty(path);
  Database database(path);
  std::uint64_t last = 0;
  database.main().copy_to(folder / "copy.params.db", {}, [&](std::uint64_t done, std::uint64_t total) {
    CHECK(done <= total);
    last = total;
  });
  CHECK(last > 0);
  CHECK(Database(folder / "copy.params.db").main().count() == 1);
  struct Enough {};
  const auto give_up = [](std::uint64_t, std::uint64_t) { throw Enough(); };
  CHECK_THROWS_AS(database.main().copy_to(folder / "b.params.db", {}, give_up), Enough);
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder.path())) left.push_back(entry.path().filename().string());
  for (const std::string& name : left) CHECK_MESSAGE(!contains(name, "copy-"), name);
  CHECK_FALSE(fs::exists(folder / "b.params.db"));
  CHECK(database.main().count() == 1);
}
