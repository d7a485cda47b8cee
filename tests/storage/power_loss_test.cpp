// The power goes. What the disk had synced is there; of what it had not, any part may be.
#include <doctest/doctest.h>

#include <random>

#include "support.h"
#include "test_vfs.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

constexpr std::size_t sizes[] = {64, 3000, 200'000};

std::vector<char> value_at(std::size_t row, Revision revision) {
  return some_bytes(sizes[row], static_cast<std::uint64_t>(revision) * 10 + row);
}

// Opens what is left in `folder`. Every row must be as the newest surviving commit wrote it. Returns that commit.
Revision survivor(const std::filesystem::path& folder) {
  Database database(folder / "a.db");
  StoreFile& file = database.main();
  const Revision revision = file.revision();
  const std::size_t rows = revision == 0 ? 0 : std::size(sizes);
  CHECK(file.count() == rows);
  for (std::size_t row = 0; row < rows; ++row) CHECK(value_of(file, std::to_string(row)) == value_at(row, revision));
  return revision;
}

void run(bool survive_power_loss) {
  TestVfs vfs;
  const TemporaryFolder folder;
  std::mt19937_64 random(7);
  Revision returned = 0;   // the newest commit that has returned
  Revision attempted = 0;  // the newest that has begun
  int operations = 0;
  int losses = 0;
  vfs.before = [&](TestVfs::Operation operation) {
    if (operation == TestVfs::Operation::read || ++operations % 5 != 0) return SQLITE_OK;
    const TemporaryFolder left;
    const std::uint64_t chance = random() % 3;  // nothing survives, about half, everything
    vfs.power_loss(left.path(), [&] { return chance == 1 ? random() % 2 == 0 : chance == 2; });
    const Revision revision = survivor(left.path());
    INFO("operation " << operations);
    CHECK(revision <= attempted);
    if (survive_power_loss) CHECK(revision >= returned);
    ++losses;
    return SQLITE_OK;
  };
  OpenOptions options;
  options.vfs = TestVfs::name();
  options.survive_power_loss = survive_power_loss;
  for (int round = 0; round < 6; ++round) {
    Database database(folder / "a.db", options);  // closing it is a checkpoint
    for (int i = 0; i < 6; ++i) {
      attempted = returned + 1;
      WriteTransaction transaction(database.main());
      for (std::size_t row = 0; row < std::size(sizes); ++row) {
        const auto value = value_at(row, attempted);
        if (attempted == 1) {
          transaction.insert(float_record(std::to_string(row), value), bytes_of(value));
        } else {
          transaction.update_value(static_cast<std::int64_t>(row) + 1, std::nullopt, bytes_of(value),
                                   value_checksum(bytes_of(value)));
        }
      }
      returned = transaction.commit();
    }
  }
  CHECK(losses > 50);
  vfs.before = nullptr;
}

}  // namespace

TEST_CASE("power loss: what commit returned from is there") { run(true); }

TEST_CASE("power loss without waiting for the disk: the last commits may be gone, and nothing is half there") {
  run(false);
}
