#include <doctest/doctest.h>

#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

// Around every threshold there is: one page, the inline limit of a cell, small_value, a piece, several pieces.
constexpr std::size_t sizes[] = {0,      4,      256,    8192,   65480,  65496,   65500,   65536,  131068,
                                 131072, 131076, 262140, 262144, 262148, 1048576, 2500000, 9000000};

}  // namespace

TEST_CASE("values of all sizes are read back, one by one and all at once, in a file and in memory") {
  const TemporaryFolder folder;
  for (const bool in_memory : {false, true}) {
    Database database = in_memory ? Database::in_memory() : Database(folder / "a.params.db");
    StoreFile& file = database.main();
    for (const std::uint64_t round : {1U, 2U}) {  // inserted, then updated in place
      WriteTransaction transaction(file);
      for (const std::size_t size : sizes) {
        const auto value = some_bytes(size, size + round);
        const std::string name = std::to_string(size);
        if (round == 1) {
          transaction.insert(float_record(name, value), bytes_of(value));
        } else {
          CHECK(transaction.update_value(file.find(name)->id, std::nullopt, bytes_of(value),
                                         value_checksum(bytes_of(value))));
        }
      }
      transaction.commit();
      for (const std::size_t size : sizes) {
        INFO(size);
        CHECK(value_of(file, std::to_string(size)) == some_bytes(size, size + round));
      }
      std::vector<std::vector<char>> values;
      const auto loaded = file.read_all([&](const ParamRecord& record) -> void* {
        // One byte more, so that an empty value has an address too.
        return values.emplace_back(static_cast<std::size_t>(*value_size(record.shape, record.dtype)) + 1).data();
      });
      REQUIRE(loaded.size() == std::size(sizes));
      for (std::size_t i = 0; i < loaded.size(); ++i) {
        values[i].pop_back();
        CHECK(loaded[i].record.name == std::to_string(sizes[i]));
        CHECK(values[i] == some_bytes(sizes[i], sizes[i] + round));
        CHECK(loaded[i].checksum == value_checksum(bytes_of(values[i])));
      }
    }
  }
}

TEST_CASE("a scalar has an empty shape") {
  Database database = Database::in_memory();
  ParamRecord record;
  record.name = "scalar";
  record.constraint_tag = "real";
  record.dtype = Dtype::complex128;
  const auto value = some_bytes(16);
  {
    WriteTransaction transaction(database.main());
    transaction.insert(record, bytes_of(value));
    transaction.commit();
  }
  CHECK(database.main().find("scalar")->shape.empty());
  CHECK(value_of(database.main(), "scalar") == value);
}

TEST_CASE("read_all leaves unread what has no destination") {
  Database database = Database::in_memory();
  add(database.main(), "a", some_bytes(8));
  add(database.main(), "b", some_bytes(400'000));
  const auto loaded = database.main().read_all([](const ParamRecord&) { return nullptr; });
  REQUIRE(loaded.size() == 2);
  CHECK(loaded[0].checksum == 0);
  CHECK(loaded[1].record.name == "b");
}

TEST_CASE("a value that does not have its checksum is refused; one without a checksum is read") {
  const TemporaryFolder folder;
  const auto path = folder / "a.params.db";
  for (const std::size_t size : {std::size_t{8}, std::size_t{1} << 20}) {
    const std::string name = std::to_string(size);
    const auto value = some_bytes(size);
    {
      Database database(path);
      add(database.main(), name, value);
    }
    {
      PlainSqlite plain(path);
      CHECK(plain.run("UPDATE params SET checksum = 1 WHERE name = '" + name + "'") == "");
    }
    Database database(path);
    const auto message = message_of<CorruptStore>([&] { value_of(database.main(), name); });
    CHECK(contains(message, path.string()));
    CHECK(contains(message, "'" + name + "'"));
    CHECK(contains(message, "checksum"));
    std::vector<std::vector<char>> values;
    CHECK_THROWS_AS(database.main().read_all([&](const ParamRecord& record) -> void* {
      return values.emplace_back(static_cast<std::size_t>(*value_size(record.shape, record.dtype))).data();
    }),
                    CorruptStore);
    PlainSqlite plain(path);
    CHECK(plain.run("UPDATE params SET checksum = NULL") == "");
    CHECK(value_of(database.main(), name) == value);
  }
}

TEST_CASE("a value is not read through a record that another connection has changed since") {
  const TemporaryFolder folder;
  Database mine(folder / "a.params.db");
  Database theirs(folder / "a.params.db");
  const auto id = add(mine.main(), "a", some_bytes(8, 1));
  const auto record = mine.main().find("a");
  const auto value = some_bytes(8, 2);
  WriteTransaction transaction(theirs.main());
  CHECK(transaction.update_value(id, std::nullopt, bytes_of(value), value_checksum(bytes_of(value))));
  transaction.commit();
  std::vector<char> destination(8);
  const auto message = message_of<Error>([&] { mine.main().read_value(*record, destination.data()); });
  CHECK(contains(message, "changed after its record was read"));
}
