// Many values overwritten at once.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <random>

#include "lib/storage/store_internals.h"
#include "paramstore/storage/savepoint.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

/// Rows 1, 2, ... with these sizes; contents follow from id and seed.
std::vector<char> value_for(std::int64_t id, std::size_t size, std::uint64_t seed) {
  return some_bytes(size, 1000 * seed + static_cast<std::uint64_t>(id));
}

void add_rows(StoreFile& file, const std::vector<std::size_t>& sizes) {
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto id = static_cast<std::int64_t>(i) + 1;
    REQUIRE(add(file, std::to_string(id), value_for(id, sizes[i], 1)) == id);
  }
}

/// Updates that own what they write.
struct Updates {
  std::vector<std::vector<char>> values;
  std::vector<ValueUpdate> updates;

  void add(std::int64_t id, std::optional<Revision> expected, std::vector<char> value) {
    values.push_back(std::move(value));
    updates.push_back({id, expected, bytes_of(values.back()), value_checksum(bytes_of(values.back()))});
  }
};

}  // namespace

TEST_CASE("update_values writes every value whose revision is as expected, and reports the others") {
  const TemporaryFolder folder;
  Database database(folder / "a.params.db");
  StoreFile& file = database.main();
  const std::vector<std::size_t> sizes = {256, 4, 200'000, 12, 8, 0, 16, 256, 131'072, 131'076, 40};
  add_rows(file, sizes);
  {
    WriteTransaction transaction(file);
    transaction.erase(8, std::nullopt);
    transaction.commit();
  }
  Updates all;
  all.values.reserve(sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto id = static_cast<std::int64_t>(i) + 1;
    // Row 4 has moved on, as far as this caller knows; whatever row 2's revision is.
    const std::optional<Revision> expected = id == 2 ? std::nullopt : std::optional<Revision>(id == 4 ? 77 : id);
    all.add(id, expected, value_for(id, sizes[i], 2));
    all.updates.back().written = true;  // says nothing
  }
  {
    WriteTransaction transaction(file);
    update_values(transaction, all.updates);
    transaction.commit();
  }
  Database again(folder / "a.params.db");
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const auto id = static_cast<std::int64_t>(i) + 1;
    INFO(id);
    const bool written = id != 4 && id != 8;
    CHECK(all.updates[i].written == written);
    const auto record = again.main().find(id);
    CHECK(record.has_value() == (id != 8));
    if (!record) continue;
    CHECK(record->revision == (written ? again.main().revision() : id));
    CHECK(value_of(again.main(), std::to_string(id)) == value_for(id, sizes[i], written ? 2 : 1));
  }
  CHECK(again.main().verify().damage.empty());
}

TEST_CASE("update_values finds values in chunks, in any order of ids") {
  const TemporaryFolder folder;
  InternalOptions options;
  options.max_value_length = 100;
  Database database = open_database(folder / "a.params.db", options);
  StoreFile& file = database.main();
  const std::vector<std::size_t> sizes = {40, 400, 44, 48, 404, 52};
  add_rows(file, sizes);
  Updates all;
  all.values.reserve(sizes.size());
  for (const std::int64_t id : {5, 6, 1, 2, 3, 4}) {
    all.add(id, std::nullopt, value_for(id, sizes[static_cast<std::size_t>(id) - 1], 2));
  }
  WriteTransaction transaction(file);
  update_values(transaction, all.updates);
  transaction.commit();
  for (std::int64_t id = 1; id <= 6; ++id) {
    CHECK(value_of(file, std::to_string(id)) == value_for(id, sizes[static_cast<std::size_t>(id) - 1], 2));
  }
  CHECK(file.verify().damage.empty());
}

TEST_CASE("a value of another size among many stops the transaction, and nothing is lost") {
  Database database = Database::in_memory();
  StoreFile& file = database.main();
  add_rows(file, {8, 8, 8});
  Updates all;
  all.values.reserve(3);
  for (const std::int64_t id : {1, 2, 3}) all.add(id, std::nullopt, value_for(id, id == 2 ? 12 : 8, 2));
  {
    WriteTransaction transaction(file);
    const std::string message = message_of<Error>([&] { update_values(transaction, all.updates); });
    CHECK(message.find("the value of row 2 does not have the 12 bytes") != std::string::npos);
    CHECK_THROWS_AS(transaction.commit(), Error);
  }
  for (const std::int64_t id : {1, 2, 3}) CHECK(value_of(file, std::to_string(id)) == value_for(id, 8, 1));
}

TEST_CASE("random updates of random rows give the same result as on a plain list") {
  const TemporaryFolder folder;
  Database database(folder / "a.params.db");
  StoreFile& file = database.main();
  std::mt19937 random(20);
  const std::size_t count = 300;
  std::vector<std::size_t> sizes;
  std::vector<std::uint64_t> seeds(count, 1);
  for (std::size_t i = 0; i < count; ++i) sizes.push_back(4 * (random() % (i % 50 == 0 ? 40'000 : 100)));
  add_rows(file, sizes);
  for (std::uint64_t round = 2; round < 30; ++round) {
    Updates some;
    some.values.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      if (random() % 8 == 0) continue;
      const auto id = static_cast<std::int64_t>(i) + 1;
      some.add(id, file.find(id)->revision, value_for(id, sizes[i], round));
    }
    const bool keep = random() % 4 != 0;
    WriteTransaction transaction(file);
    update_values(transaction, some.updates);
    for (const ValueUpdate& update : some.updates) {
      CHECK(update.written);
      if (keep) seeds[static_cast<std::size_t>(update.id) - 1] = round;
    }
    if (keep) transaction.commit();
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto id = static_cast<std::int64_t>(i) + 1;
    CHECK(value_of(file, std::to_string(id)) == value_for(id, sizes[i], seeds[i]));
  }
  CHECK(file.verify().damage.empty());
}

TEST_CASE("records may grow while many values are overwritten") {
  const TemporaryFolder folder;
  Database database(folder / "a.params.db");
  StoreFile& file = database.main();
  constexpr std::int64_t count = 1000;
  const auto size_of = [](std::int64_t id) { return static_cast<std::size_t>(4 * (1 + id % 100)); };
  {
    WriteTransaction transaction(file);
    for (std::int64_t id = 1; id <= count; ++id) {
      const auto value = value_for(id, size_of(id), 1);
      transaction.insert(float_record(std::to_string(id), value), bytes_of(value));
    }
    transaction.commit();
  }
  // SQLite stores a number in as few bytes as it takes, and NULL in none.
  for (const std::uint64_t revision : {127U, 128U, 32'767U, 32'768U, 8'388'608U, 2'147'483'648U}) {
    Forger forger(folder / "a.params.db");  // commits number themselves otherwise
    CHECK(forger.run("INSERT OR IGNORE INTO commits (revision) VALUES (" + std::to_string(revision - 1) +
                     ");"
                     "UPDATE params SET checksum = NULL WHERE id % 7 = 0") == "");
    Updates all;
    all.values.reserve(count);
    for (std::int64_t id = 1; id <= count; ++id) {
      all.add(id, file.find(id)->revision, value_for(id, size_of(id), revision));
    }
    WriteTransaction transaction(file);
    CHECK(transaction.revision() == static_cast<Revision>(revision));
    update_values(transaction, all.updates);
    CHECK(std::all_of(all.updates.begin(), all.updates.end(), [](const ValueUpdate& each) { return each.written; }));
    transaction.commit();
    CHECK(file.verify().damage.empty());
    for (std::int64_t id = 1; id <= count; id += 13) {
      CHECK(value_of(file, std::to_string(id)) == value_for(id, size_of(id), revision));
    }
  }
}

TEST_CASE("ids that are consecutive only through overflow do not form a run") {
  Database database = Database::in_memory();
  Updates all;
  all.values.reserve(2);
  using Limits = std::numeric_limits<std::int64_t>;
  for (const std::int64_t id : {Limits::max(), Limits::min()}) all.add(id, std::nullopt, some_bytes(8));
  WriteTransaction transaction(database.main());
  update_values(transaction, all.updates);
  CHECK_FALSE(all.updates[0].written);
  CHECK_FALSE(all.updates[1].written);
}

TEST_CASE("parts of a transaction may overwrite large values again and again") {
  const TemporaryFolder folder;
  Database database(folder / "a.params.db");
  StoreFile& file = database.main();
  add_rows(file, {200'000, 400'000, 300});
  {
    WriteTransaction transaction(file);
    for (std::uint64_t round = 2; round < 8; ++round) {
      Savepoint part(transaction);
      Updates all;
      all.values.reserve(3);
      for (const std::int64_t id : {1, 2, 3}) {
        all.add(id, std::nullopt, value_for(id, id == 1 ? 200'000 : id == 2 ? 400'000 : 300, round));
      }
      update_values(transaction, all.updates);
      if (round % 2 == 0) part.release();
    }
    transaction.commit();
  }
  CHECK(value_of(file, "1") == value_for(1, 200'000, 6));
  CHECK(value_of(file, "2") == value_for(2, 400'000, 6));
  CHECK(value_of(file, "3") == value_for(3, 300, 6));
  CHECK(file.verify().damage.empty());
}
