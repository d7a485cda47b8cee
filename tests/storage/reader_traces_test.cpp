// What is beside a store after it was read: what was there before.
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>

#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) names.push_back(entry.path().string());
  std::sort(names.begin(), names.end());
  return names;
}

struct Store : StoreWithScope {
  bool has_log() const { return fs::exists(path.string() + "-wal"); }
};

}  // namespace

TEST_CASE("a reader leaves nothing behind, not even beside scopes") {
  const Store store;
  const auto before = files_in(store.folder.path());
  {
    Database reader(store.path, read_only());
    const auto scope = reader.scope("s");
    CHECK(scope->count() == 1);
    CHECK(reader.main().count() == 1);
    CHECK(files_in(store.folder.path()).size() == before.size() + 4);
  }
  CHECK(files_in(store.folder.path()) == before);
}

TEST_CASE("the last of several readers tidies up, in whatever order they end") {
  for (const bool first_ends_first : {true, false}) {
    const Store store;
    const auto before = files_in(store.folder.path());
    std::optional<Database> one(std::in_place, store.path, read_only());
    std::optional<Database> two(std::in_place, store.path, read_only());
    CHECK(one->main().count() == 1);
    CHECK(two->main().count() == 1);
    (first_ends_first ? one : two).reset();
    CHECK(store.has_log());
    CHECK((first_ends_first ? two : one)->main().count() == 1);
    one.reset();
    two.reset();
    CHECK(files_in(store.folder.path()) == before);
  }
}

TEST_CASE("a reader that is refused leaves nothing behind") {
  const Store store;
  CHECK(PlainSqlite(store.path).run("PRAGMA user_version = 1000") == "");
  const auto before = files_in(store.folder.path());
  CHECK_THROWS_AS(Database(store.path, read_only()), SchemaTooNew);
  CHECK(files_in(store.folder.path()) == before);
}

TEST_CASE("a reader leaves the log of others alone") {
  const Store store;
  SUBCASE("of a writer that is there") {
    Database writer(store.path);
    CHECK(Database(store.path, read_only()).main().count() == 1);
    CHECK(store.has_log());
    add(writer.main(), "c", some_bytes(8));
    CHECK(Database(store.path, read_only()).main().count() == 2);
    CHECK(writer.main().count() == 2);
  }
  SUBCASE("of a writer that was killed") {
    const fs::path crashed = store.folder / "crashed.params.db";
    {
      Database writer(store.path);
      add(writer.main(), "c", some_bytes(8));
      for (const char* suffix : {"", "-wal"}) fs::copy_file(store.path.string() + suffix, crashed.string() + suffix);
    }
    const auto size = fs::file_size(crashed.string() + "-wal");
    REQUIRE(size > 0);
    CHECK(Database(crashed, read_only()).main().count() == 2);
    CHECK(fs::file_size(crashed.string() + "-wal") == size);
  }
}
