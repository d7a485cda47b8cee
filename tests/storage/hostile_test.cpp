// Malicious or damaged files: reading gives the right values, or an error that says what is wrong.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "lib/storage/store_internals.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

const std::vector<std::vector<char>>& originals() {
  static const std::vector<std::vector<char>> values = [] {
    std::vector<std::vector<char>> all;
    for (std::size_t i = 0; i < 24; ++i) all.push_back(some_bytes(i % 6 == 5 ? 150'000 : 16 * i, i + 1));
    return all;
  }();
  return values;
}

void make_store(const std::filesystem::path& path) {
  InternalOptions options;
  options.max_value_length = 140'000;
  Database database = open_database(path, options);
  for (std::size_t i = 0; i < originals().size(); ++i)
    add(database.main(), "layer." + std::to_string(i), originals()[i]);
}

// Uses everything there is. Counts values that came back; each must be one that was written.
std::size_t use(const std::filesystem::path& path) {
  std::size_t values = 0;
  const auto attempt = [](const auto& action) {
    try {
      action();
    } catch (const Error&) {
    }
  };
  attempt([&] {
    OpenOptions options;
    options.busy_timeout = std::chrono::milliseconds(0);
    Database database(path, options);
    StoreFile& file = database.main();
    const auto check = [&](const std::vector<char>& value) {
      ++values;
      CHECK(std::find(originals().begin(), originals().end(), value) != originals().end());
    };
    attempt([&] { file.count(); });
    attempt([&] { stamps(file); });
    attempt([&] { file.revision(); });
    attempt([&] {
      for (const ParamRecord& record : file.list()) {
        attempt([&] {
          std::vector<char> value(static_cast<std::size_t>(*value_size(record.shape, record.dtype)));
          file.read_value(record, value.data());
          check(value);
        });
        attempt([&] { file.find(record.name); });
      }
    });
    attempt([&] {
      std::vector<std::vector<char>> all;
      file.read_all([&](const ParamRecord& record) -> void* {
        const auto size = *value_size(record.shape, record.dtype);
        REQUIRE(size < 10'000'000);
        all.emplace_back(static_cast<std::size_t>(size) + 1);
        return all.back().data();
      });
      for (auto& value : all) {
        value.pop_back();
        check(value);
      }
    });
    attempt([&] {
      std::vector<std::vector<std::vector<char>>> parts(most_parts);
      read_parts(file, [&](ParamRecord&& record, std::size_t part) -> void* {
        const auto size = *value_size(record.shape, record.dtype);
        if (size >= 10'000'000) throw std::length_error(record.name);
        return parts[part].emplace_back(static_cast<std::size_t>(size) + 1).data();
      });
      for (auto& part : parts) {
        for (auto& value : part) {
          value.pop_back();
          check(value);
        }
      }
    });
    attempt([&] { file.copy_to(path.string() + ".copy", nullptr); });
    attempt([&] {
      WriteTransaction transaction(file);
      const auto value = originals()[5];
      transaction.insert(float_record("new", value), bytes_of(value));
      transaction.erase(3, std::nullopt);
      transaction.update_value(6, std::nullopt, bytes_of(value), value_checksum(bytes_of(value)));
      transaction.commit();
    });
    attempt([&] {
      std::vector<ValueUpdate> updates;
      const auto values_of_rows = originals();
      for (std::size_t row = 0; row < values_of_rows.size(); ++row) {
        const ValueBytes value = bytes_of(values_of_rows[row]);
        updates.push_back({static_cast<std::int64_t>(row) + 1, std::nullopt, value, value_checksum(value)});
      }
      WriteTransaction transaction(file);
      update_values(transaction, updates);
    });
    attempt([&] {
      WriteTransaction transaction(file);
      transaction.clear();
      transaction.commit();
    });
  });
  return values;
}

}  // namespace

TEST_CASE("a file cut off anywhere gives right values or an error") {
  const TemporaryFolder folder;
  make_store(folder / "good");
  const std::string good = read_file(folder / "good");
  CHECK(use(folder / "good") == 3 * originals().size());
  for (std::size_t size = 1; size < good.size(); size += size < 200 ? 13 : size / 6) {
    INFO(size);
    write_file(folder / "cut", good.substr(0, size));
    use(folder / "cut");
    for (const char* each : {"cut", "cut-wal", "cut-shm", "cut.copy"}) std::filesystem::remove(folder / each);
  }
  write_file(folder / "cut", good.substr(0, good.size() - 65536));
  CHECK(contains(message_of<CorruptStore>([&] { Database database(folder / "cut"); }), "damaged"));
  write_file(folder / "cut", good.substr(0, 50));
  CHECK_THROWS_AS(Database(folder / "cut"), NotAStore);
}

TEST_CASE("bytes changed at random give right values or an error") {
  const TemporaryFolder folder;
  make_store(folder / "good");
  const std::string good = read_file(folder / "good");
  // Most of a small file is empty: bytes that mean something are where others are.
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < good.size(); ++i) {
    const bool in_value =
        i > 8 && std::all_of(good.begin() + static_cast<std::ptrdiff_t>(i) - 8,
                             good.begin() + static_cast<std::ptrdiff_t>(i), [](char c) { return c != 0; });
    if (good[i] != 0 && (!in_value || i % 97 == 0)) places.push_back(i);
  }
  std::mt19937_64 random(20240229);
  const char* more = std::getenv("PARAMSTORE_TEST_FLIPS");
  const int rounds = more == nullptr ? 400 : std::atoi(more);
  for (int round = 0; round < rounds; ++round) {
    std::string bad = good;
    const auto flips = 1 + random() % 3;
    for (std::uint64_t i = 0; i < flips; ++i) {
      const std::size_t at = places[random() % places.size()] + random() % 3;
      if (at < bad.size()) bad[at] = static_cast<char>(random());
    }
    INFO("round " << round);
    write_file(folder / "bad", bad);
    use(folder / "bad");
    for (const char* each : {"bad", "bad-wal", "bad-shm", "bad-journal", "bad.copy"})
      std::filesystem::remove(folder / each);
  }
}

TEST_CASE("tables, views and triggers that differ from the schema in any character are refused") {
  for (const char* change : {
           "DROP VIEW param_list",
           "DROP TRIGGER params_inserted",
           "DROP TRIGGER params_inserted; CREATE TRIGGER params_inserted AFTER INSERT ON params BEGIN SELECT 1; END",
           "ALTER TABLE params ADD COLUMN note TEXT",
           "DROP TABLE chunks",
           "DROP TABLE chunks; CREATE VIEW chunks AS SELECT 1 AS id, 1 AS param, 0 AS sequence, x'' AS value",
           "UPDATE sqlite_schema SET sql = replace(sql, 'DEFAULT ''cpu''', 'DEFAULT ''gpu''') WHERE name = 'params'",
           "UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'params'",
           "UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ', CHECK (abs(id))) STRICT') WHERE name = 'params'",
           "CREATE INDEX evil ON params (abs(revision))",
           "CREATE INDEX evil ON params (name) WHERE abs(revision) > 0",
           "CREATE INDEX evil ON commits (abs(revision))",
           "CREATE TABLE evil (a, b AS (abs(a)))",
           "CREATE TABLE evil (a INTEGER PRIMARY KEY, b AS (abs(a)) STORED) WITHOUT ROWID",
       }) {
    INFO(change);
    const TemporaryFolder folder;
    make_store(folder / "a.db");
    { CHECK(Forger(folder / "a.db").run(change) == ""); }
    CHECK_THROWS_AS(Database(folder / "a.db"), CorruptStore);
  }
}

TEST_CASE("other tools' tables, plain indexes and triggers are accepted, and none of them runs") {
  const TemporaryFolder folder;
  make_store(folder / "a.db");
  {
    PlainSqlite plain(folder / "a.db");
    CHECK(plain.run("CREATE TABLE notes (text); CREATE INDEX by_dtype ON params (dtype); CREATE VIEW v AS SELECT 1;"
                    "CREATE TRIGGER evil AFTER INSERT ON params BEGIN DELETE FROM params; INSERT INTO notes VALUES "
                    "('ran'); END;"
                    "CREATE TRIGGER worse BEFORE INSERT ON commits BEGIN SELECT RAISE(ABORT, 'ran'); END") == "");
  }
  Database database(folder / "a.db");
  add(database.main(), "new", some_bytes(8));
  CHECK(database.main().count() == originals().size() + 1);
  CHECK(PlainSqlite(folder / "a.db").get("SELECT count(*) FROM notes") == "0");
}

TEST_CASE("expressions in another tool's tables are not evaluated when a store is verified, compacted or copied") {
  const TemporaryFolder folder;
  make_store(folder / "a.db");
  {
    PlainSqlite plain(folder / "a.db");
    CHECK(plain.run("CREATE TABLE evil (a INTEGER, CHECK (abs(a) > 0)); CREATE INDEX i ON evil (abs(a));"
                    "CREATE INDEX j ON evil (a) WHERE abs(a) > 0; INSERT INTO evil VALUES (-9223372036854775807)") ==
          "");
  }
  // Now abs() would fail.
  std::string file = read_file(folder / "a.db");
  const std::string number("\x80\0\0\0\0\0\0\x01", 8);
  REQUIRE(file.find(number) != std::string::npos);
  file[file.find(number) + 7] = 0;
  write_file(folder / "a.db", file);
  CHECK(contains(PlainSqlite(folder / "a.db").run("SELECT abs(a) FROM evil"), "overflow"));
  Database database(folder / "a.db");
  CHECK(database.main().verify().damage.empty());
  CHECK(database.main().compact());
  database.main().copy_to(folder / "copy.db", nullptr);
  CHECK(Database(folder / "copy.db").main().verify().damage.empty());
}

TEST_CASE("impossible rows are refused before any memory is allocated for them") {
  for (const char* row : {
           "SET shape = '[-1]'",
           "SET shape = '[1.5]'",
           "SET shape = '[[1]]'",
           "SET shape = 'x'",
           "SET shape = ''",
           "SET shape = '[4611686018427387904,4611686018427387904]'",
           "SET shape = '[99999999999999999999]'",
           "SET shape = '[1000000000]'",
           "SET shape = '[1000000000]', value = x''",
           "SET shape = '[3]'",
           "SET shape = CAST(x'5b345dff' AS TEXT)",
           "SET shape = '[4]' || char(0)",
           "SET shape = '[' || substr(replace(hex(zeroblob(65)), '00', ',1'), 2) || ']', value = zeroblob(4)",
           "SET dtype = 'int64'",
           "SET dtype = ''",
           "SET dtype = 'float32' || char(0)",
           "SET name = ''",
           "SET name = CAST(x'ff' AS TEXT)",
           "SET name = 'a' || char(0)",
           "SET name = hex(zeroblob(600))",
           "SET constraint_tag = ''",
           "SET constraint_tag = hex(zeroblob(600000))",
           "SET constraint_tag = CAST(x'ff' AS TEXT)",
           "SET device = ''",
           "SET device = hex(zeroblob(40))",
           "SET device = char(27) || '[2J'",
           "SET value = zeroblob(15)",
           "SET value = x''",
           "SET id = -5",
           "SET id = 0",
       }) {
    INFO(std::string(row));
    const TemporaryFolder folder;
    Database database(folder / "a.db");
    const auto id = add(database.main(), "a", some_bytes(16));
    Forger forger(folder / "a.db");
    CHECK(forger.run(std::string("UPDATE params ") + row) == "");
    CHECK_THROWS_AS(database.main().list(), CorruptStore);
    bool asked = false;
    CHECK_THROWS_AS(database.main().read_all([&](const ParamRecord&) {
      asked = true;
      return nullptr;
    }),
                    CorruptStore);
    CHECK_FALSE(asked);
    if (forger.get("SELECT id FROM params") == std::to_string(id))
      CHECK_THROWS_AS(database.main().find(id), CorruptStore);
  }
}

TEST_CASE("an index that points to another row is noticed") {
  const TemporaryFolder folder;
  {
    Database database(folder / "a.db");
    add(database.main(), "first", some_bytes(8, 1));
    add(database.main(), "other", some_bytes(8, 2));
  }
  const auto root = static_cast<std::size_t>(std::stoul(
      PlainSqlite(folder / "a.db").get("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_params_1'")));
  std::string file = read_file(folder / "a.db");
  const std::size_t at = file.find("other", (root - 1) * 65536);
  REQUIRE(at < root * 65536);
  file.replace(at, 5, "nosuc");
  write_file(folder / "a.db", file);
  Database database(folder / "a.db");
  CHECK_THROWS_AS(database.main().find("nosuc"), CorruptStore);
}

TEST_CASE("what SQLite itself reports as damage is reported as damage") {
  const TemporaryFolder folder;
  make_store(folder / "good");
  const std::string good = read_file(folder / "good");
  struct Change {
    std::size_t at;
    char value;
  };
  // The file formats, for writers and for readers; the format of the list of tables.
  for (const Change change : {Change{18, 3}, Change{18, '\x7f'}, Change{19, 3}, Change{47, 5}}) {
    INFO("byte " << change.at);
    std::string bad = good;
    bad[change.at] = change.value;
    write_file(folder / "bad", bad);
    CHECK(contains(message_of<CorruptStore>([&] { Database database(folder / "bad"); }), "damaged"));
  }
}

TEST_CASE("a chunk that is not a blob is reported as damage of its parameter") {
  const TemporaryFolder folder;
  make_store(folder / "a.db");
  {
    // Only tables that are not STRICT take such a value.
    CHECK(Forger(folder / "a.db")
              .run("UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'chunks'") == "");
    CHECK(Forger(folder / "a.db").run("UPDATE chunks SET value = 1234 WHERE sequence = 0 AND param = 6") == "");
    CHECK(Forger(folder / "a.db")
              .run("UPDATE sqlite_schema SET sql = replace(sql, ') ', ') STRICT') WHERE name = 'chunks'") == "");
    CHECK(Forger(folder / "a.db")
              .run("UPDATE sqlite_schema SET sql = sql || 'STRICT' WHERE name = 'chunks' AND sql NOT "
                   "LIKE '%STRICT'") == "");
  }
  Database database(folder / "a.db");
  CHECK(contains(message_of<CorruptStore>([&] { database.main().find("layer.5"); }), "'layer.5'"));
  CHECK_THROWS_AS(database.main().list(), CorruptStore);
  CHECK(database.main().find("layer.4"));
  const Verification result = database.main().verify();
  CHECK(std::any_of(result.damage.begin(), result.damage.end(),
                    [](const Damage& damage) { return damage.name == "layer.5"; }));
}

TEST_CASE("the largest possible ids and revisions are recognised, and nothing is written after them") {
  const TemporaryFolder folder;
  Database database(folder / "a.db");
  add(database.main(), "a", some_bytes(8));
  CHECK(PlainSqlite(folder / "a.db").run("UPDATE params SET id = 4611686018427387904") == "");
  CHECK(contains(message_of<StorageError>([&] { add(database.main(), "b", some_bytes(8)); }), "largest possible id"));
  CHECK(database.main().count() == 1);
  CHECK(database.main().verify().damage.empty());
  CHECK(Forger(folder / "a.db").run("UPDATE params SET id = 4611686018427387905") == "");
  CHECK(contains(database.main().verify().damage.at(0).what, "above 2^62"));
  CHECK(Forger(folder / "a.db")
            .run("UPDATE params SET id = 1; INSERT INTO commits (revision) VALUES "
                 "(9223372036854775807)") == "");
  CHECK(contains(database.main().verify().damage.at(0).what, "greatest revision"));
  CHECK(contains(message_of<CorruptStore>([&] { add(database.main(), "b", some_bytes(8)); }), "greatest revision"));
}
