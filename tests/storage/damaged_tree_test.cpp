// SQLite trees with invalid pages or rows: they fail soon, and no memory is allocated for missing data.
#include <doctest/doctest.h>

#include <algorithm>

#include "lib/storage/store_internals.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

std::string page_of(const std::string& file, std::size_t number) { return file.substr((number - 1) * 65536, 65536); }

std::uint32_t big_endian(const std::string& bytes, std::size_t at, std::size_t size) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

void put_big_endian(std::string& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> (24 - 8 * i));
}

}  // namespace

TEST_CASE("a tree whose pages form a cycle ends in an error") {
  const TemporaryFolder folder;
  {
    Database database(folder / "good");
    WriteTransaction transaction(database.main());
    const auto value = some_bytes(20'000);
    for (int i = 0; i < 60; ++i) transaction.insert(float_record(std::to_string(i), value), bytes_of(value));
    transaction.commit();
  }
  const auto root = static_cast<std::size_t>(
      std::stoul(PlainSqlite(folder / "good").get("SELECT rootpage FROM sqlite_schema WHERE name = 'params'")));
  const std::string good = read_file(folder / "good");
  const std::string page = page_of(good, root);
  REQUIRE(page[0] == 5);  // an interior page
  const std::size_t cells = big_endian(page, 3, 2);
  REQUIRE(cells > 3);
  const std::uint32_t first_child = big_endian(page, big_endian(page, 12, 2), 4);
  for (const std::uint32_t target : {first_child, static_cast<std::uint32_t>(root)}) {
    std::string bad = good;
    for (std::size_t cell = 0; cell < cells; ++cell) {
      const std::size_t at = big_endian(page, 12 + 2 * cell, 2);
      put_big_endian(bad, (root - 1) * 65536 + at, target);
    }
    write_file(folder / "bad", bad);
    Database database(folder / "bad");
    CHECK_THROWS_AS(database.main().list(), CorruptStore);
    CHECK_THROWS_AS(stamps(database.main()), CorruptStore);
    CHECK_THROWS_AS(database.main().read_all([](const ParamRecord&) { return nullptr; }), CorruptStore);
    try {
      database.main().copy_to(folder / "copy", nullptr);
    } catch (const Error&) {
    }
  }
}

TEST_CASE("overwriting values in a tree that leads to the same rows again and again ends in an error") {
  const TemporaryFolder folder;
  {
    Database database(folder / "good");
    for (const char* name : {"a", "b"}) add(database.main(), name, some_bytes(256));
  }
  const auto root = static_cast<std::uint32_t>(
      std::stoul(PlainSqlite(folder / "good").get("SELECT rootpage FROM sqlite_schema WHERE name = 'params'")));
  const std::string good = read_file(folder / "good");
  const auto pages = static_cast<std::uint32_t>(good.size() / 65536);
  const std::string leaf = page_of(good, root);
  REQUIRE(leaf[0] == 13);
  // The root and seven more interior pages, of 9,000 cells each, all of which lead to the next page: 9,000^8 ways down.
  constexpr std::uint32_t depth = 8;
  constexpr std::size_t cells = 9000;
  const auto interior = [&](std::uint32_t child) {
    constexpr std::size_t content = 65536 - 5 * cells;
    std::string page(65536, '\0');
    page[0] = 5;
    page[3] = static_cast<char>(cells >> 8);
    page[4] = static_cast<char>(cells & 0xFF);
    page[5] = static_cast<char>(content >> 8);
    page[6] = static_cast<char>(content & 0xFF);
    put_big_endian(page, 8, child);
    for (std::size_t cell = 0; cell < cells; ++cell) {
      const std::size_t at = content + 5 * cell;
      page[12 + 2 * cell] = static_cast<char>(at >> 8);
      page[13 + 2 * cell] = static_cast<char>(at & 0xFF);
      put_big_endian(page, at, child);
      page[at + 4] = 100;
    }
    return page;
  };
  std::string bad = good;
  bad.replace((root - 1) * std::size_t{65536}, 65536, interior(pages + 1));
  for (std::uint32_t level = 1; level < depth; ++level) bad += interior(pages + level + 1);
  bad += leaf;
  put_big_endian(bad, 28, pages + depth);
  for (const std::int64_t first : {1, 2}) {  // also where the rows there come before those to overwrite
    write_file(folder / "bad", bad);
    Database database(folder / "bad");
    const auto value = some_bytes(256, 9);
    std::vector<ValueUpdate> updates;
    for (std::int64_t id = first; id < first + 2; ++id) {
      updates.push_back({id, std::nullopt, bytes_of(value), value_checksum(bytes_of(value))});
    }
    WriteTransaction transaction(database.main());
    CHECK_THROWS_AS(update_values(transaction, updates), CorruptStore);
  }
}

TEST_CASE("rows that share pages cannot claim to be longer than the file") {
  const TemporaryFolder folder;
  const auto value = some_bytes(991'200);  // of a length of which SQLite puts little into the row's own page
  constexpr std::size_t rows = 6;
  {
    Database database(folder / "good");
    for (std::size_t row = 0; row < rows; ++row) add(database.main(), std::to_string(row), value);
  }
  const auto root = static_cast<std::size_t>(
      std::stoul(PlainSqlite(folder / "good").get("SELECT rootpage FROM sqlite_schema WHERE name = 'params'")));
  std::string file = read_file(folder / "good");
  const std::string page = page_of(file, root);
  REQUIRE(page[0] == 13);
  REQUIRE(big_endian(page, 3, 2) == rows);
  // SQLite's file format, 1.6: what is on the page of a cell is followed by the number of its first overflow page.
  const auto overflow_at = [&](std::size_t cell) {
    const std::size_t start = big_endian(page, 8 + 2 * cell, 2);
    std::size_t at = start;
    std::uint64_t payload = 0;
    for (bool more = true; more; ++at) {
      payload = payload << 7 | (static_cast<unsigned char>(page[at]) & 0x7FU);
      more = (static_cast<unsigned char>(page[at]) & 0x80U) != 0;
    }
    ++at;  // the row's id, of one byte
    constexpr std::uint64_t usable = 65536;
    constexpr std::uint64_t least = (usable - 12) * 32 / 255 - 23;
    const std::uint64_t local = least + (payload - least) % (usable - 4);
    return at + (local <= usable - 35 ? local : least);
  };
  const std::uint32_t first = big_endian(page, overflow_at(0), 4);
  const std::uint32_t second = big_endian(page, overflow_at(1), 4);
  REQUIRE(second > first);
  for (std::size_t cell = 1; cell < rows; ++cell) {
    put_big_endian(file, (root - 1) * 65536 + overflow_at(cell), first);
  }
  file.resize((second - 1) * std::size_t{65536});
  put_big_endian(file, 28, second - 1);
  write_file(folder / "bad", file);
  Database database(folder / "bad");
  CHECK(database.main().find("0")->name == "0");
  const std::string message = message_of<CorruptStore>([&] { database.main().list(); });
  CHECK(contains(message, "its value is larger than the file can hold"));
  std::size_t asked = 0;
  CHECK_THROWS_AS(database.main().read_all([&](const ParamRecord&) {
    ++asked;
    return nullptr;
  }),
                  CorruptStore);
  CHECK(asked < rows);
}

TEST_CASE("ids that do not ascend from page to page are noticed, whatever the largest appears to be") {
  const TemporaryFolder folder;
  {
    Database database(folder / "good");
    for (const char* name : {"a", "b"}) add(database.main(), name, some_bytes(8));
    CHECK(Forger(folder / "good").run("UPDATE params SET id = 9223372036854775807 WHERE name = 'b'") == "");
  }
  std::string file = read_file(folder / "good");
  const auto root = static_cast<std::size_t>(
      std::stoul(PlainSqlite(folder / "good").get("SELECT rootpage FROM sqlite_schema WHERE name = 'params'")));
  const std::size_t cells = (root - 1) * 65536 + 8;
  std::swap_ranges(file.begin() + static_cast<std::ptrdiff_t>(cells),
                   file.begin() + static_cast<std::ptrdiff_t>(cells) + 2,
                   file.begin() + static_cast<std::ptrdiff_t>(cells) + 2);
  write_file(folder / "bad", file);
  Database database(folder / "bad");
  CHECK_THROWS_AS(read_parts(database.main(), [](ParamRecord&&, std::size_t) { return nullptr; }), CorruptStore);
}
