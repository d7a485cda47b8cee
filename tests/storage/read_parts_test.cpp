// Loading very many rows: in parts, by several threads.
#include <doctest/doctest.h>

#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "lib/storage/store_internals.h"
#include "paramstore/error.h"
#include "paramstore/storage/database.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

constexpr int row_count = 6'000;

std::string name_of(int row) { return "row " + std::to_string(row); }

// Most values are of a few bytes, every thousandth is too large to come with its row.
std::size_t size_of(int row) { return row % 1'000 == 7 ? 300'000 : 4 * static_cast<std::size_t>(row % 9); }

void write_rows(const std::filesystem::path& path) {
  Database database(path);
  WriteTransaction transaction(database.main());
  for (int row = 0; row < row_count; ++row) {
    const auto value = some_bytes(size_of(row), static_cast<std::size_t>(row));
    transaction.insert(float_record(name_of(row), value), bytes_of(value));
  }
  transaction.commit();
}

// What read_parts hands over, part by part.
struct Received {
  struct Row {
    ParamRecord record;
    std::vector<char> value;
  };
  std::vector<std::vector<Row>> parts{most_parts};
  std::set<std::thread::id> threads;
  std::mutex mutex;

  std::vector<std::uint64_t> read(StoreFile& file) {
    return read_parts(file, [this](ParamRecord&& record, std::size_t part) -> void* {
      {
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
      }
      const auto size = static_cast<std::size_t>(*value_size(record.shape, record.dtype));
      parts[part].push_back({std::move(record), std::vector<char>(size + 1)});
      return parts[part].back().value.data();
    });
  }
};

}  // namespace

TEST_CASE("very many rows are read part by part, in order, each with its value and checksum") {
  const TemporaryFolder folder;
  const auto path = folder / "a.params.db";
  write_rows(path);
  Database database(path);
  Received received;
  const auto checksums = received.read(database.main());
  REQUIRE(checksums.size() == row_count);
  int row = 0;
  for (auto& part : received.parts) {
    for (auto& [record, value] : part) {
      value.pop_back();
      CAPTURE(row);
      CHECK(record.name == name_of(row));
      CHECK(value == some_bytes(size_of(row), static_cast<std::size_t>(row)));
      CHECK(checksums[static_cast<std::size_t>(row)] == value_checksum(bytes_of(value)));
      ++row;
    }
  }
  CHECK(row == row_count);
  CHECK(received.parts[0].size() < row_count);
}

TEST_CASE("the order holds with ids far apart and with erased rows") {
  const TemporaryFolder folder;
  const auto path = folder / "a.params.db";
  write_rows(path);
  {
    PlainSqlite plain(path);
    CHECK(plain.run("DELETE FROM params WHERE id % 3 = 0") == "");
    CHECK(plain.run("UPDATE params SET id = id + 4611686018427380000 WHERE id > 5900") == "");
  }
  Database database(path);
  Received received;
  const auto checksums = received.read(database.main());
  std::vector<std::string> names;
  for (const auto& part : received.parts) {
    for (const auto& row : part) names.push_back(row.record.name);
  }
  std::vector<std::string> expected;
  for (const ParamRecord& record : database.main().list()) expected.push_back(record.name);
  CHECK(names.size() == 4'000);
  CHECK(names == expected);
  CHECK(checksums.size() == names.size());
}

TEST_CASE("a damaged row ends the reading in all threads, and is named") {
  const TemporaryFolder folder;
  const auto path = folder / "a.params.db";
  write_rows(path);
  for (const int row : {0, 1'234, 2'007, row_count - 1}) {
    CAPTURE(row);
    const std::string where = " WHERE name = '" + name_of(row) + "'";
    PlainSqlite plain(path);
    const std::string before = plain.get("SELECT checksum FROM params" + where);
    CHECK(plain.run("UPDATE params SET checksum = 1" + where) == "");
    {
      Database database(path);
      Received received;
      const auto message = message_of<CorruptStore>([&] { received.read(database.main()); });
      CHECK(contains(message, "'" + name_of(row) + "'"));
      CHECK(contains(message, path.string()));
    }
    CHECK(plain.run("UPDATE params SET checksum = " + before + where) == "");
  }
  Database database(path);
  Received received;
  CHECK(received.read(database.main()).size() == row_count);
}

TEST_CASE("an exception from the receiver reaches the caller, whichever thread it was on") {
  const TemporaryFolder folder;
  const auto path = folder / "a.params.db";
  write_rows(path);
  Database database(path);
  struct Full {};
  for (const std::size_t full : {std::size_t{0}, std::size_t{5}}) {
    const auto throw_in_part = [&](ParamRecord&&, std::size_t part) -> void* {
      if (part == full) throw Full();
      return nullptr;
    };
    CHECK_THROWS_AS(read_parts(database.main(), throw_in_part), Full);
  }
  CHECK(database.main().list().size() == row_count);
}

TEST_CASE("rows of an uncommitted transaction are read, too") {
  const TemporaryFolder folder;
  const auto path = folder / "a.params.db";
  write_rows(path);
  Database database(path);
  WriteTransaction transaction(database.main());
  const auto value = some_bytes(12);
  transaction.insert(float_record("new", value), bytes_of(value));
  Received received;
  CHECK(received.read(database.main()).size() == row_count + 1);
  CHECK(received.threads.size() == 1);
}
