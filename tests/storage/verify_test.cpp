// verify() reports everything that is wrong in a file.
#include <doctest/doctest.h>

#include <algorithm>

#include "lib/storage/store_internals.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

Verification verify(const std::filesystem::path& path) { return Database(path, read_only()).main().verify(); }

bool reports(const Verification& result, const std::string& name, const std::string& part) {
  return std::any_of(result.damage.begin(), result.damage.end(),
                     [&](const Damage& each) { return each.name == name && contains(each.what, part); });
}

// SQL that our triggers and constraints would refuse.
void damage(const std::filesystem::path& path, const std::string& sql) {
  PlainSqlite plain(path);
  REQUIRE(sqlite3_db_config(plain.handle(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr) == SQLITE_OK);
  REQUIRE(plain.run("PRAGMA ignore_check_constraints = ON; " + sql) == "");
}

// Three parameters, one of them large.
struct Sample {
  Sample() : path(folder / "a.params.db") {
    Database database(path);
    add(database.main(), "one", some_bytes(64, 1));
    add(database.main(), "two", some_bytes(400'000, 2));
    add(database.main(), "three", some_bytes(64, 3));
  }
  TemporaryFolder folder;
  std::filesystem::path path;
};

}  // namespace

TEST_CASE("a sound store has no damage, and is counted") {
  const Sample sample;
  const Verification result = verify(sample.path);
  CHECK(result.damage.empty());
  CHECK(result.records.size() == 3);
  CHECK(result.bytes == 400'128);
  CHECK(result.without_checksum == 0);
}

TEST_CASE("a store in memory, and one of chunks, are verified too") {
  InternalOptions options;
  options.max_value_length = 100;
  Database database = open_in_memory(options);
  add(database.main(), "large", some_bytes(4000));
  CHECK(database.main().verify().damage.empty());
}

TEST_CASE("values of other tools have no checksum, which is not damage") {
  const Sample sample;
  {
    PlainSqlite plain(sample.path);
    CHECK(plain.run("UPDATE params SET value = zeroblob(64) WHERE name = 'one'") == "");
  }
  const Verification result = verify(sample.path);
  CHECK(result.damage.empty());
  CHECK(result.without_checksum == 1);
}

TEST_CASE("every damaged row is named, not only the first") {
  const Sample sample;
  damage(sample.path,
         "UPDATE params SET value = zeroblob(64) WHERE name = 'one';"
         "UPDATE params SET checksum = checksum + 1 WHERE name = 'two';"
         "UPDATE params SET shape = '[17]' WHERE name = 'three'");
  const Verification result = verify(sample.path);
  CHECK(reports(result, "one", "checksum"));
  CHECK(reports(result, "two", "checksum"));
  CHECK(reports(result, "three", "its value has 64 bytes; shape [17] and dtype float32 make 68"));
  CHECK(result.damage.size() == 3);
  CHECK(result.records.size() == 2);
}

TEST_CASE("violations of the schema's rules are found") {
  const Sample sample;
  damage(
      sample.path,
      "UPDATE params SET dtype = 'float31' WHERE name = 'one'; UPDATE params SET revision = 99 WHERE name = 'three'");
  const Verification result = verify(sample.path);
  CHECK(reports(result, "one", "float31"));
  CHECK(reports(result, "three", "its revision is 99; the store's is 3"));
}

TEST_CASE("chunks without a parameter are found") {
  const Sample sample;
  damage(sample.path, "INSERT INTO chunks (param, sequence, value) VALUES (77, 0, x'00'), (1, 0, x'00')");
  const Verification result = verify(sample.path);
  CHECK(reports(result, "", "row 77"));
  CHECK(reports(result, "", "row 1,"));
}

TEST_CASE("an index that does not fit its table is found") {
  const Sample sample;
  {
    PlainSqlite plain(sample.path);
    CHECK(plain.run("CREATE TABLE other (name TEXT NOT NULL UNIQUE); INSERT INTO other VALUES ('zzz')") == "");
    REQUIRE(
        plain.run("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM "
                  "sqlite_schema WHERE name = 'sqlite_autoindex_other_1') WHERE name = 'sqlite_autoindex_params_1'") ==
        "");
  }
  const Verification result = verify(sample.path);
  CHECK(reports(result, "", "missing from index sqlite_autoindex_params_1"));
}

TEST_CASE("any byte of a value that changes is found, wherever it is") {
  const Sample sample;
  const std::string sound = read_file(sample.path);
  const std::vector<char> value = some_bytes(400'000, 2);
  for (const std::size_t offset : {0UL, 100'000UL, 399'990UL}) {
    const std::string part(value.data() + offset, 10);
    const std::size_t at = sound.find(part);
    REQUIRE(at != std::string::npos);
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    write_file(sample.path, damaged);
    CHECK(reports(verify(sample.path), "two", "checksum"));
  }
}

TEST_CASE("a byte that changes anywhere else is found, or changes nothing that is read") {
  const Sample sample;
  const std::string sound = read_file(sample.path);
  // Every page's beginning: the b-trees' headers, the lists of overflow pages. Bytes 24 to 27 and 92 to 99 of the file only
  // count its changes; 40 to 43 are the schema's cookie.
  int found = 0;
  for (std::size_t page = 0; page < sound.size(); page += 65536) {
    for (std::size_t i = page == 0 ? 100 : 0; i < (page == 0 ? 108U : 8U); ++i) {
      std::string damaged = sound;
      damaged[page + i] = static_cast<char>(damaged[page + i] ^ 0x55);
      write_file(sample.path, damaged);
      INFO("byte ", page + i);
      try {
        const Verification result = verify(sample.path);
        if (!result.damage.empty()) {
          ++found;
        } else {
          Database database(sample.path, read_only());
          CHECK(value_of(database.main(), "two") == some_bytes(400'000, 2));
        }
      } catch (const CorruptStore&) {
        ++found;
      } catch (const NotAStore&) {
        ++found;
      }
    }
  }
  CHECK(found > 40);
}

TEST_CASE("a file that was cut off is damaged from there on, and verifying it ends") {
  const Sample sample;
  const std::string sound = read_file(sample.path);
  for (std::size_t size = 65536; size < sound.size(); size += 65536) {
    write_file(sample.path, sound.substr(0, size));
    INFO("cut off at ", size);
    bool found = false;
    try {
      found = !verify(sample.path).damage.empty();
    } catch (const CorruptStore&) {  // not even to be opened
      found = true;
    }
    CHECK(found);
  }
}

TEST_CASE("verifying reports its progress, and an exception from the listener ends it") {
  const Sample sample;
  Database database(sample.path, read_only());
  std::uint64_t last = 0;
  database.main().verify([&](std::uint64_t done, std::uint64_t total) {
    CHECK(done <= total);
    CHECK(done >= last);
    last = done;
  });
  CHECK(last > 0);
  struct Enough {};
  CHECK_THROWS_AS(database.main().verify([](std::uint64_t, std::uint64_t) { throw Enough(); }), Enough);
  CHECK(database.main().count() == 3);  // and can be used on
}

TEST_CASE("verifying sees one commit while another connection writes") {
  const Sample sample;
  Database reader(sample.path, read_only());
  Database writer(sample.path);
  bool written = false;
  const Verification result = reader.main().verify([&](std::uint64_t, std::uint64_t) {
    if (!written) add(writer.main(), "four", some_bytes(8));
    written = true;
  });
  CHECK(written);
  CHECK(result.damage.empty());
  CHECK(result.records.size() == 3);
}

TEST_CASE("a scope that the store lists but that does not exist is reported as missing, not as damage") {
  const TemporaryFolder folder;
  Database(folder / "x.db").scope("fold-1");
  Database(folder / "x.db").scope("a/b");
  CHECK(verify(folder / "x.db").missing.empty());

  std::filesystem::copy_file(folder / "x.db", folder / "alone.db");
  const Verification alone = verify(folder / "alone.db");
  CHECK(alone.damage.empty());
  REQUIRE(alone.missing.size() == 2);
  CHECK(contains(alone.missing[0], "the scope 'a/b'"));
  CHECK(contains(alone.missing[1], "alone.scopes/fold-1.params.db does not exist; copy the folder alone.scopes"));

  // The one that is dropped is not missed any more, and may be there again.
  Database database(folder / "alone.db");
  CHECK(database.drop_scope("a/b"));
  CHECK_FALSE(database.drop_scope("a/b"));
  database.scope("fold-1");
  CHECK(database.main().verify().missing.empty());
}

TEST_CASE("scopes that kept the name of another store are found") {
  const TemporaryFolder folder;
  Database(folder / "x.db").scope("s");
  std::filesystem::rename(folder / "x.db", folder / "y.db");
  const auto missing = verify(folder / "y.db").missing;
  REQUIRE(missing.size() == 1);
  CHECK(contains(missing[0], "x.scopes was copied along with this store, rename it to y.scopes"));
  PlainSqlite(folder / "x.db").run("CREATE TABLE t (x)");  // now somebody has them
  CHECK(contains(verify(folder / "y.db").missing.at(0), "copy the folder y.scopes"));
}

TEST_CASE("a copy without its log is sound, and a note says what suggests that it lacks commits") {
  const TemporaryFolder folder;
  Database original(folder / "x.db");
  original.scope("s");
  add(original.main(), "a", some_bytes(8));  // in the log only
  SUBCASE("the log lies beside it under the old name") {
    const TemporaryFolder other;
    std::filesystem::copy_file(folder / "x.db", other / "y.db");
    std::filesystem::copy_file(folder / "x.db-wal", other / "x.db-wal");
    const Verification copy = verify(other / "y.db");
    CHECK(copy.damage.empty());
    REQUIRE(copy.notes.size() == 1);
    CHECK(contains(copy.notes[0], "x.db-wal is the log of a store that does not exist"));
    CHECK(contains(copy.notes[0], "a copy of x.db"));
    // Not the log of another database, nor an empty one.
    write_file(other / "x.db-wal", read_file(folder / "x.db-wal").substr(0, 32));
    CHECK(verify(other / "y.db").notes.empty());
    write_file(other / "x.db-wal", std::string(100, 'x'));
    CHECK(verify(other / "y.db").notes.empty());
  }
  SUBCASE("it has scopes and no commit") {
    const TemporaryFolder other;
    std::filesystem::copy_file(folder / "x.db", other / "x.db");
    std::filesystem::copy(folder / "x.scopes", other / "x.scopes");
    const Verification copy = verify(other / "x.db");
    CHECK(copy.damage.empty());
    REQUIRE(copy.notes.size() == 1);
    CHECK(contains(copy.notes[0], "has no commit, but has scopes, such as 's'"));
  }
  CHECK(verify(folder / "x.db").notes.empty());
}
