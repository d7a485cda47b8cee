// Damage in the log, at which SQLite silently ends it.
#include "lib/storage/log_check.h"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

constexpr std::size_t header_size = 32;
constexpr std::size_t frame_size = 24 + 4096;

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

// A store with a log of some commits of one to three pages, as a killed process leaves it.
struct Crashed {
  TemporaryFolder folder;
  std::filesystem::path store = folder / "a.db";
  std::filesystem::path log = folder / "a.db-wal";
  std::string file;
  std::string bytes;

  explicit Crashed(int commits = 8, const std::string& more = "") {
    const TemporaryFolder living;
    { Database database(living / "a.db"); }
    PlainSqlite tool(living / "a.db");
    CHECK(tool.run("PRAGMA journal_mode = DELETE; PRAGMA page_size = 4096; VACUUM; PRAGMA journal_mode = WAL; "
                   "PRAGMA wal_autocheckpoint = 0") == "");
    for (int i = 0; i < commits; ++i) {
      CHECK(tool.run("INSERT INTO params (name, dtype, shape, value) VALUES ('" + std::to_string(i) +
                     "', 'float32', '[1000]', zeroblob(4000))") == "");
    }
    CHECK(tool.run(more) == "");
    file = read_file(living / "a.db");
    bytes = read_file(living / "a.db-wal");
    put_back();
  }

  std::size_t frames() const { return (bytes.size() - header_size) / frame_size; }
  bool is_commit(std::size_t frame) const { return number_at(bytes, header_size + frame * frame_size + 4) != 0; }

  void put_back() const {
    std::filesystem::remove(folder / "a.db-shm");
    write_file(store, file);
    write_file(log, bytes);
  }

  // The number of commits that SQLite finds.
  int found() const {
    const int count = std::stoi(PlainSqlite(store).get("SELECT count(*) FROM params"));
    put_back();
    return count;
  }
};

}  // namespace

TEST_CASE("one flipped bit in the log is reported, with the number of commits that SQLite drops") {
  Crashed crashed;
  REQUIRE(crashed.found() == 8);
  CHECK_FALSE(find_log_damage(crashed.log, 4096));
  std::size_t last_transaction = crashed.frames() - 1;
  while (!crashed.is_commit(last_transaction - 1)) --last_transaction;
  const std::string sound = crashed.bytes;
  int reported = 0;
  const auto flip = [&](std::size_t at) {
    INFO("byte " << at);
    crashed.bytes = sound;
    crashed.bytes[at] = static_cast<char>(crashed.bytes[at] ^ 16);
    crashed.put_back();
    const int lost = 8 - crashed.found();
    CHECK(lost > 0);
    const auto damage = find_log_damage(crashed.log, 4096);
    const bool in_last = at >= header_size && (at - header_size) / frame_size >= last_transaction;
    CHECK(damage.has_value() != in_last);
    if (!damage) return;
    ++reported;
    CHECK(damage->offset == (at < header_size ? 0 : at - (at - header_size) % frame_size));
    // A flipped mark of a commit is one more or one less.
    const bool mark = at >= header_size && (at - header_size) % frame_size >= 4 && (at - header_size) % frame_size < 8;
    const auto expected = static_cast<std::uint64_t>(lost);
    CHECK((damage->lost_commits == expected || (mark && damage->lost_commits == expected + 1)));
    Database database(crashed.store);
    const Verification found = database.main().verify();
    REQUIRE(found.damage.size() == 1);
    CHECK(contains(found.damage[0].what, "a.db-wal: the log is damaged at byte " + std::to_string(damage->offset)));
    CHECK(contains(found.damage[0].what, "at least " + std::to_string(damage->lost_commits)));
  };
  for (std::size_t at = 0; at < header_size; ++at) flip(at);
  for (std::size_t frame = 0; frame < crashed.frames(); ++frame) {
    for (const std::size_t at : {0, 3, 4, 7, 8, 15, 16, 23, 24, 1000, 4119})
      flip(header_size + frame * frame_size + at);
  }
  CHECK(reported > 100);
}

TEST_CASE("a log that a crash cut short, or left with an unfinished transaction, is not damaged") {
  Crashed crashed;
  const std::string sound = crashed.bytes;
  for (std::size_t size = 0; size <= sound.size(); size += 509) {
    INFO(size << " bytes");
    write_file(crashed.log, sound.substr(0, size));
    CHECK_FALSE(find_log_damage(crashed.log, 4096));
  }
  std::size_t last_transaction = crashed.frames() - 1;
  while (!crashed.is_commit(last_transaction - 1)) --last_transaction;
  for (std::size_t frame = last_transaction; frame < crashed.frames(); ++frame) {
    std::string torn = sound;  // power loss: a page of the last transaction is not there
    torn.replace(header_size + frame * frame_size, frame_size, frame_size, '\0');
    write_file(crashed.log, torn);
    CHECK_FALSE(find_log_damage(crashed.log, 4096));
  }
  std::filesystem::remove(crashed.log);
  CHECK_FALSE(find_log_damage(crashed.log, 4096));
}

TEST_CASE("what older transactions left behind the end of a log is not damage") {
  const std::string large =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
      "INSERT INTO params (name, dtype, shape, value) SELECT 'x' || i, 'float32', '[1000]', "
      "zeroblob(4000) FROM n;";
  const std::string small = "DELETE FROM params WHERE name = '1';";
  for (const std::string& more :
       {"PRAGMA cache_size = 10; BEGIN; " + large + "ROLLBACK; " + small,  // rolled back, partly in the log
        "PRAGMA cache_size = 10; BEGIN; " + large,                         // unfinished
        "PRAGMA wal_checkpoint(RESTART); " + small,                        // an older generation
        large + "PRAGMA wal_checkpoint(RESTART); " + small + small}) {
    INFO(more);
    const Crashed crashed(8, more);
    CHECK(crashed.frames() > 8);
    CHECK_FALSE(find_log_damage(crashed.log, 4096));
  }
}

TEST_CASE("a log that others write to at this moment is not called damaged") {
  const TemporaryFolder folder;
  Database database(folder / "a.db");
  const std::int64_t id = add(database.main(), "w", some_bytes(200'000));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    Database other(folder / "a.db");
    for (std::uint64_t i = 1; !stop; ++i) {
      const auto value = some_bytes(200'000, i);
      WriteTransaction transaction(other.main());
      transaction.update_value(id, std::nullopt, bytes_of(value), value_checksum(bytes_of(value)));
      transaction.commit();
      if (i % 7 == 0) {
        CHECK(contains("ok database is locked", PlainSqlite(folder / "a.db").run("PRAGMA wal_checkpoint(RESTART)")));
      }
    }
  });
  for (int i = 0; i < 100; ++i) CHECK_FALSE(find_log_damage(folder / "a.db-wal", 65536));
  stop = true;
  writer.join();
}
