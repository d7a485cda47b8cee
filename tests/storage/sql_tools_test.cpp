// Tools that know only SQL, with SQLite's default settings: valid changes are picked up; a change that would break a row
// is refused with the reason.
#include <doctest/doctest.h>

#include "lib/storage/store_internals.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

// A store with "a" of shape [2] and "b" of shape [3], as the library writes them: commits 1 and 2.
struct Fixture {
  Fixture() : database(folder / "a.params.db"), plain(folder / "a.params.db") {
    add(database.main(), "a", some_bytes(8, 1));
    add(database.main(), "b", some_bytes(12, 2));
  }
  void refused(const std::string& sql, const std::string& because) {
    INFO(sql);
    const std::string before = dump();
    const std::string message = plain.run(sql);
    INFO(message);
    CHECK(contains(message, because));
    CHECK(dump() == before);
  }
  void allowed(const std::string& sql) {
    INFO(sql);
    CHECK(plain.run(sql) == "");
  }
  std::string dump() {
    return plain.get(
               "SELECT group_concat(id || name || constraint_tag || dtype || shape || device || revision || "
               "coalesce(checksum, 'NULL')"
               " || hex(value)) FROM params") +
           plain.get("SELECT group_concat(revision) FROM commits") +
           plain.get("SELECT count(*) || total(length(value)) FROM chunks");
  }
  std::int64_t revision_of(const std::string& name) { return database.main().find(name)->revision; }

  TemporaryFolder folder;
  Database database;
  PlainSqlite plain;
};

const std::vector<char> zeros(8);

}  // namespace

TEST_CASE_FIXTURE(Fixture, "UPDATE of a value moves the revision on and drops the checksum") {
  const auto before = database.main().change_counter();
  allowed("UPDATE params SET value = zeroblob(8) WHERE name = 'a'");
  CHECK(database.main().change_counter() != before);
  CHECK(database.main().revision() == 3);
  CHECK(revision_of("a") == 3);
  CHECK(revision_of("b") == 2);
  CHECK_FALSE(database.main().find("a")->checksum);
  CHECK(value_of(database.main(), "a") == zeros);
  CHECK(plain.get("SELECT time IS NOT NULL AND message IS NULL FROM commits WHERE revision = 3") == "1");
}

TEST_CASE_FIXTURE(Fixture, "a statement that sets value and checksum keeps its checksum") {
  const auto checksum = value_checksum(bytes_of(zeros));
  allowed("UPDATE params SET value = zeroblob(8), checksum = " + std::to_string(static_cast<std::int64_t>(checksum)) +
          " WHERE name = 'a'");
  CHECK(database.main().find("a")->checksum == checksum);
  CHECK(value_of(database.main(), "a") == zeros);
}

TEST_CASE_FIXTURE(Fixture, "every column but the value keeps the checksum when it changes") {
  for (const char* change : {"name = 'c'", "constraint_tag = 'positive'", "device = 'cuda:1'", "shape = '[1, 2]'",
                             "shape = '[2, 1, 1]'", "dtype = 'float16', shape = '[4]'"}) {
    const auto revision = database.main().revision();
    allowed(std::string("UPDATE params SET ") + change + " WHERE id = 1");
    const auto record = database.main().find(1);
    CHECK(record->revision == revision + 1);
    CHECK(record->checksum);
  }
  CHECK(database.main().find("c")->constraint_tag == "positive");
  CHECK(value_of(database.main(), "c") == some_bytes(8, 1));
}

TEST_CASE_FIXTURE(Fixture, "one statement may change many rows") {
  allowed("UPDATE params SET value = zeroblob(length(value)), constraint_tag = 'positive'");
  const auto list = database.main().list();
  CHECK(list[0].revision > 2);
  CHECK(list[1].revision > list[0].revision);
  CHECK(value_of(database.main(), "b") == std::vector<char>(12));
  // Swapping ids, and names on the way.
  allowed("UPDATE params SET id = id + 10, name = name || '2'");
  CHECK(database.main().find("b2")->id == 12);
}

TEST_CASE_FIXTURE(Fixture, "INSERT adds a row at the end; what is left out has a default") {
  allowed(
      "INSERT INTO params (name, dtype, shape, value) VALUES ('c', 'float32', '[]', zeroblob(4)), ('d', 'complex128', "
      "'[0,3]', x'')");
  const auto record = database.main().find("c");
  CHECK(record->revision == 3);
  CHECK(record->constraint_tag == "real");
  CHECK(record->device == "cpu");
  CHECK_FALSE(record->checksum);
  CHECK(database.main().list().back().name == "d");
  CHECK(database.main().list().back().revision == 4);
  CHECK(value_of(database.main(), "c") == std::vector<char>(4));
  CHECK(value_of(database.main(), "d").empty());
}

TEST_CASE_FIXTURE(Fixture, "UPSERT and REPLACE are taken in") {
  allowed(
      "INSERT INTO params (name, dtype, shape, value) VALUES ('a', 'float32', '[2]', zeroblob(8)) "
      "ON CONFLICT (name) DO UPDATE SET value = excluded.value");
  CHECK(database.main().find("a")->id == 1);
  CHECK(revision_of("a") == 3);
  CHECK(value_of(database.main(), "a") == zeros);
  allowed("INSERT OR REPLACE INTO params (name, dtype, shape, value) VALUES ('a', 'float64', '[]', zeroblob(8))");
  CHECK(database.main().find("a")->id == 3);
  CHECK(revision_of("a") == database.main().revision());
  allowed("UPDATE OR REPLACE params SET name = 'a' WHERE name = 'b'");
  CHECK(database.main().count() == 1);
  allowed("INSERT OR IGNORE INTO params (name, dtype, shape, value) VALUES ('a', 'float32', '[]', zeroblob(4))");
  CHECK(value_of(database.main(), "a").size() == 12);
}

TEST_CASE_FIXTURE(Fixture, "DELETE makes a commit, and the chunks go with the row") {
  allowed(
      "BEGIN; INSERT INTO params (name, dtype, shape, value) VALUES ('big', 'float32', '[500000000]', x'');"
      "INSERT INTO chunks (param, sequence, value) VALUES (3, 0, x'0102'); COMMIT");
  const auto revision = database.main().revision();
  allowed("DELETE FROM params WHERE name = 'big'");
  CHECK(plain.get("SELECT count(*) FROM chunks") == "0");
  CHECK(database.main().revision() == revision + 1);
  allowed("DELETE FROM params");
  CHECK(database.main().count() == 0);
  CHECK(database.main().revision() == revision + 3);
}

TEST_CASE_FIXTURE(Fixture, "a statement that would break a row is refused and says why") {
  const std::string length = "the length of value is not what shape and dtype say";
  refused("UPDATE params SET value = zeroblob(7) WHERE name = 'a'", length);
  refused("UPDATE params SET value = x'' WHERE name = 'a'", length);
  refused("UPDATE params SET shape = '[3]' WHERE name = 'a'", length);
  refused("UPDATE params SET shape = '[0]' WHERE name = 'a'", length);
  refused("UPDATE params SET dtype = 'float64' WHERE name = 'a'", length);
  refused("UPDATE params SET value = zeroblob(8)", length);  // fits 'a', not 'b': neither is changed
  refused("UPDATE params SET value = 'text1234' WHERE name = 'a'", "cannot store TEXT value in BLOB column");
  refused("UPDATE params SET value = NULL", "NOT NULL");
  refused("INSERT INTO params (name, dtype, shape, value) VALUES ('c', 'float32', '[2]', zeroblob(4))", length);
  refused("INSERT OR REPLACE INTO params (name, dtype, shape, value) VALUES ('a', 'float32', '[2]', zeroblob(4))",
          length);
  refused("INSERT INTO params (name, dtype, value) VALUES ('c', 'float32', zeroblob(4))",
          "NOT NULL constraint failed: params.shape");
  refused("UPDATE params SET dtype = 'int64'", "dtype is one of float16");
  for (const char* shape :
       {"",          "[",    "2",       "[-2]", "[2.0]", "[2,]", "[,2]", "[2 2]", "[2,  2]", "[[2]]", "[2],[1]",
        "{\"a\":2}", "[02]", "[1, 02]", "null", "[two]", " [2]", "[2] ", "[2][",  "[,]",     "[2,,1]"}) {
    refused(std::string("UPDATE params SET shape = '") + shape + "' WHERE name = 'a'", "shape is a JSON array");
  }
  refused("UPDATE params SET shape = '[2' || replace(hex(zeroblob(64)), '00', ',1') || ']' WHERE name = 'a'",
          "shape is a JSON array");
  refused("UPDATE params SET shape = '[2]' || char(0) WHERE name = 'a'", "shape is a JSON array");
  const std::string too_large = "shape is too large";
  refused("UPDATE params SET shape = '[4611686018427387904]' WHERE name = 'a'", too_large);
  refused("UPDATE params SET shape = '[99999999999999999999]' WHERE name = 'a'", too_large);
  refused("UPDATE params SET shape = '[0,4611686018427387904]' WHERE name = 'a'", too_large);
  refused("UPDATE params SET name = ''", "a name has 1 to 1024 bytes");
  refused("UPDATE params SET name = hex(zeroblob(513)) WHERE name = 'a'", "a name has 1 to 1024 bytes");
  refused("UPDATE params SET name = 'x' || char(0) WHERE name = 'a'", "a name has 1 to 1024 bytes");
  refused("UPDATE params SET name = 'a'", "UNIQUE constraint failed: params.name");
  refused("UPDATE params SET constraint_tag = ''", "a constraint_tag has 1 to 1048576 bytes");
  refused("UPDATE params SET device = ''", "a device has 1 to 64");
  refused("UPDATE params SET device = 'cpu' || char(10)", "a device has 1 to 64");
  for (const char* bytes : {"ff", "61ff", "c080", "eda080", "f4908080", "61e282"}) {
    refused(std::string("UPDATE params SET name = CAST(x'") + bytes + "' AS TEXT) WHERE name = 'a'",
            "must be valid UTF-8");
    refused(std::string("UPDATE params SET constraint_tag = CAST(x'") + bytes + "' AS TEXT)", "must be valid UTF-8");
    refused(std::string("INSERT INTO params (name, dtype, shape, value) VALUES (CAST(x'") + bytes +
                "' AS TEXT), 'float32', '[]', zeroblob(4))",
            "must be valid UTF-8");
  }
  allowed("UPDATE params SET name = 'ß€𝄞' WHERE name = 'a'");
  refused("UPDATE params SET id = 0 WHERE name = 'b'", "an id is between 1 and 2^62");
  refused("UPDATE params SET id = 9223372036854775807 WHERE name = 'b'", "an id is between 1 and 2^62");
}

TEST_CASE_FIXTURE(Fixture, "revisions only go forward") {
  refused("UPDATE params SET revision = 7", "params.revision keeps itself");
  refused("UPDATE params SET revision = revision + 1, value = zeroblob(8) WHERE name = 'b'",
          "params.revision keeps itself");
  refused("DELETE FROM commits", "the newest row of commits must stay");
  refused("DELETE FROM commits WHERE revision = 2", "the newest row of commits must stay");
  refused("INSERT INTO commits (revision) VALUES (9)", "commits.revision numbers itself");
  refused("INSERT INTO commits (revision) VALUES (-1)", "CHECK");
  refused("UPDATE commits SET revision = 9 WHERE revision = 2", "commits.revision numbers itself");
  allowed("DELETE FROM commits WHERE revision < (SELECT max(revision) FROM commits)");
  allowed("INSERT INTO commits (step, message) VALUES (5, 'by hand')");
  allowed("UPDATE commits SET message = 'mended'");
  CHECK(database.main().revision() == 3);
  add(database.main(), "c", some_bytes(4));
  CHECK(revision_of("c") == 4);
}

TEST_CASE_FIXTURE(Fixture, "chunks belong to a parameter, and changing them counts as changing it") {
  refused("INSERT INTO chunks (param, sequence, value) VALUES (77, 0, x'00')", "chunks.param must be the id");
  refused("INSERT INTO chunks (param, sequence, value) VALUES (1, 0, x'00')", "chunks.param must be the id");
  allowed("INSERT INTO params (name, dtype, shape, value, checksum) VALUES ('big', 'float32', '[500000000]', x'', 5)");
  for (const char* sql :
       {"INSERT INTO chunks (param, sequence, value) VALUES (3, 0, x'0102')", "UPDATE chunks SET value = x'0304'",
        "UPDATE params SET id = 8 WHERE id = 3", "UPDATE chunks SET sequence = 4", "DELETE FROM chunks"}) {
    const auto before = database.main().revision();
    allowed(sql);
    CHECK(std::stoll(plain.get("SELECT revision FROM params WHERE name = 'big'")) > before);
  }
  CHECK(plain.get("SELECT checksum FROM params WHERE name = 'big'") == "NULL");
}

TEST_CASE_FIXTURE(Fixture,
                  "the triggers do the same where triggers may fire triggers, and where the schema is not trusted") {
  for (const char* setting : {"PRAGMA recursive_triggers = ON", "PRAGMA trusted_schema = OFF"}) {
    allowed(setting);
    const auto before = database.main().revision();
    allowed("UPDATE params SET value = zeroblob(8) WHERE name = 'a'");
    CHECK(revision_of("a") == before + 1);
    allowed("INSERT OR REPLACE INTO params (name, dtype, shape, value) VALUES ('b', 'float32', '[3]', zeroblob(12))");
    CHECK(revision_of("b") == database.main().revision());
    refused("UPDATE params SET shape = '[3]' WHERE name = 'a'", "the length of value");
    CHECK(plain.get("SELECT group_concat(name || numel || nbytes) FROM param_list") == "a28,b312");
  }
}

TEST_CASE_FIXTURE(Fixture, "param_list has numel and nbytes without reading values") {
  allowed(
      "INSERT INTO params (name, dtype, shape, value) VALUES ('s', 'complex128', '[]', zeroblob(16)), ('e', 'float16', "
      "'[4, 0]', x''),"
      " ('big', 'float32', '[500000000]', x'')");
  CHECK(plain.get("SELECT group_concat(name || ' ' || numel || ' ' || nbytes) FROM param_list") ==
        "a 2 8,b 3 12,s 1 16,e 0 0,big 500000000 2000000000");
}

TEST_CASE_FIXTURE(Fixture, "the library runs none of the triggers itself") {
  const auto value = some_bytes(8, 9);
  WriteTransaction transaction(database.main());
  CHECK(transaction.update_value(1, std::nullopt, bytes_of(value), value_checksum(bytes_of(value))));
  CHECK(transaction.commit() == 3);
  CHECK(plain.get("SELECT count(*) FROM commits") == "3");
  CHECK(plain.get("SELECT checksum IS NOT NULL FROM params WHERE id = 1") == "1");
}

TEST_CASE("chunks stay complete and with their parameter, whatever a statement does") {
  const TemporaryFolder folder;
  InternalOptions options;
  options.max_value_length = 8;
  const auto two = some_bytes(16, 2);
  const auto three = some_bytes(24, 3);
  const auto fresh = [&](const char* name) {
    Database database = open_database(folder / name, options);
    add(database.main(), "small", some_bytes(4, 1));
    add(database.main(), "two", two);
    add(database.main(), "three", three);
  };
  const auto sound = [&](const char* name) { return Database(folder / name).main().verify().damage.empty(); };
  fresh("refused");
  {
    PlainSqlite plain(folder / "refused");
    const std::string guard = "chunks.param must be the id";
    CHECK(contains(plain.run("UPDATE chunks SET param = 77"), guard));
    CHECK(contains(plain.run("UPDATE OR IGNORE chunks SET param = 1 WHERE param = 2 AND sequence = 1"), guard));
    CHECK(contains(plain.run("UPDATE chunks SET value = x'00'"), "a chunk keeps its length"));
    CHECK(contains(plain.run("UPDATE OR REPLACE chunks SET value = zeroblob(9) WHERE param = 2"), "keeps its length"));
    CHECK(plain.run("UPDATE chunks SET value = zeroblob(8) WHERE param = 2") == "");
  }
  CHECK(sound("refused"));
  CHECK(value_of(Database(folder / "refused").main(), "two") == std::vector<char>(16));

  fresh("replaced");
  CHECK(PlainSqlite(folder / "replaced").run("UPDATE OR REPLACE params SET id = 3 WHERE id = 2") == "");
  CHECK(sound("replaced"));
  CHECK(value_of(Database(folder / "replaced").main(), "two") == two);

  fresh("moved");
  CHECK(PlainSqlite(folder / "moved").run("UPDATE params SET id = id + 7") == "");
  CHECK(sound("moved"));
  CHECK(value_of(Database(folder / "moved").main(), "three") == three);
  CHECK(
      PlainSqlite(folder / "moved").run("UPDATE params SET id = 50, shape = '[1]', value = zeroblob(4) WHERE id = 9") ==
      "");
  CHECK(sound("moved"));
  CHECK(PlainSqlite(folder / "moved").get("SELECT count(*) FROM chunks") == "3");
}

TEST_CASE_FIXTURE(Fixture, "a checksum that is set alone counts as a change, and makes one commit") {
  allowed("UPDATE params SET checksum = 5 WHERE name = 'a'");
  CHECK(database.main().revision() == 3);
  CHECK(revision_of("a") == 3);
  CHECK(database.main().find("a")->checksum == 5U);
  allowed("UPDATE params SET checksum = NULL");
  CHECK(database.main().revision() == 5);
  CHECK(revision_of("b") == 5);
  allowed("UPDATE params SET checksum = NULL");
  CHECK(database.main().revision() == 5);
  CHECK(value_of(database.main(), "a") == some_bytes(8, 1));
}

TEST_CASE_FIXTURE(Fixture, "names may hold every character of Unicode") {
  for (const char* character : {"65534", "65535", "65533", "1114111", "55295", "57344"}) {
    allowed(std::string("UPDATE params SET constraint_tag = 'positive', name = 'x' || char(") + character +
            ") WHERE id = 1");
    allowed(std::string("INSERT INTO params (name, dtype, shape, value) VALUES (char(") + character +
            "), 'float32', '[]', zeroblob(4))");
  }
  CHECK(database.main().find("\xef\xbf\xbe"));
  CHECK(database.main().find("x\xee\x80\x80"));
  refused("UPDATE params SET name = char(65535) || CAST(x'ff' AS TEXT) WHERE id = 1", "must be valid UTF-8");
  refused("UPDATE params SET name = CAST(x'ffefbfbf' AS TEXT) WHERE id = 1", "must be valid UTF-8");
  refused("UPDATE params SET name = CAST(x'efbfbfbf' AS TEXT) WHERE id = 1", "must be valid UTF-8");
}
