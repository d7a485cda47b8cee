// Power loss: synced data survives; any part of the unsynced data may.
#include <doctest/doctest.h>

#include <random>

#include "lib/storage/store_internals.h"
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
  int losses_in_the_making = 0;
  vfs.before = [&](TestVfs::Operation operation) {
    if (operation == TestVfs::Operation::read) return SQLITE_OK;
    // While the store is made, at every one of them and in several ways; later at some.
    const int ways = attempted == 0 ? 6 : ++operations % 5 == 0 ? 1 : 0;
    for (int way = 0; way < ways; ++way) {
      const TemporaryFolder left;
      const std::uint64_t chance = random() % 3;  // nothing survives, about half, everything
      vfs.power_loss(folder.path(), left.path(), [&] { return chance == 1 ? random() % 2 == 0 : chance == 2; });
      INFO("operation " << operations);
      Revision revision = 0;
      CHECK_NOTHROW(revision = survivor(left.path()));
      CHECK(revision <= attempted);
      if (survive_power_loss) CHECK(revision >= returned);
      ++(attempted > 0 ? losses : losses_in_the_making);
    }
    return SQLITE_OK;
  };
  InternalOptions options;
  options.vfs = TestVfs::name();
  options.sync = vfs.syncing();
  options.survive_power_loss = survive_power_loss;
  for (int round = 0; round < 6; ++round) {
    Database database = open_database(folder / "a.db", options);  // closing it is a checkpoint
    for (int i = 0; i < 6; ++i) {
      attempted = returned + 1;
      WriteTransaction transaction(database.main());
      std::vector<std::vector<char>> values;
      for (std::size_t row = 0; row < std::size(sizes); ++row) values.push_back(value_at(row, attempted));
      std::vector<ValueUpdate> updates;
      for (std::size_t row = 0; row < std::size(sizes); ++row) {
        const ValueBytes value = bytes_of(values[row]);
        if (attempted == 1) {
          transaction.insert(float_record(std::to_string(row), values[row]), value);
        } else {
          updates.push_back({static_cast<std::int64_t>(row) + 1, std::nullopt, value, value_checksum(value)});
        }
      }
      update_values(transaction, updates);
      returned = transaction.commit();
    }
  }
  CHECK(losses > 50);
  CHECK(losses_in_the_making > 100);
  vfs.before = nullptr;
}

}  // namespace

TEST_CASE("power loss: what commit returned from is there") { run(true); }

TEST_CASE("power loss without waiting for the disk: the last commits may be gone, and nothing is half there") {
  run(false);
}

TEST_CASE("power loss while a store is replaced: the old one is there, or the new one") {
  TestVfs vfs;
  const TemporaryFolder folder;
  InternalOptions options;
  options.vfs = TestVfs::name();
  options.sync = vfs.syncing();
  const auto old_value = some_bytes(300'000, 1);
  const auto new_value = some_bytes(400'000, 2);
  {
    Database old = open_database(folder / "a.db", options);
    add(old.main(), "old", old_value);
  }
  Database source = open_database(folder / "source.db", options);
  add(source.main(), "new", new_value);
  add(source.main(), "also", new_value);
  std::mt19937_64 random(7);
  int operations = 0;
  int olds = 0;
  int news = 0;
  const auto look = [&] {
    const TemporaryFolder left;
    const std::uint64_t chance = random() % 3;
    vfs.power_loss(folder.path(), left.path(), [&] { return chance == 1 ? random() % 2 == 0 : chance == 2; });
    INFO("operation " << operations);
    Database database(left / "a.db");
    CHECK(database.main().verify().damage.empty());
    if (database.main().find("old")) {
      CHECK(database.main().count() == 1);
      ++olds;
    } else {
      CHECK(database.main().count() == 2);
      ++news;
    }
  };
  vfs.before = [&](TestVfs::Operation operation) {
    ++operations;
    if (operation != TestVfs::Operation::read) look();
    return SQLITE_OK;
  };
  source.main().copy_to(folder / "a.db", nullptr);
  CHECK(olds > 50);
  const int before = olds;
  for (int i = 0; i < 3; ++i) look();
  CHECK(olds == before);
  CHECK(news >= 3);
  vfs.before = nullptr;
}

namespace {

// Plays power loss before every operation of the disk but reads, in several ways; `look` examines what is left.
class Losses {
 public:
  Losses(TestVfs& vfs, const TemporaryFolder& folder, std::function<void(const std::filesystem::path&)> look)
      : vfs_(vfs), folder_(folder), look_(std::move(look)) {
    vfs_.before = [this](TestVfs::Operation operation) {
      ++operations_;
      if (operation != TestVfs::Operation::read) now();
      return SQLITE_OK;
    };
  }
  ~Losses() { vfs_.before = nullptr; }
  Losses(const Losses&) = delete;
  Losses& operator=(const Losses&) = delete;

  void now() {
    for (const std::uint64_t chance : {0, 1, 1, 2}) {
      const TemporaryFolder left;
      INFO("operation " << operations_ << ", chance " << chance);
      vfs_.power_loss(folder_.path(), left.path(), [&] { return chance == 1 ? random_() % 2 == 0 : chance == 2; });
      look_(left.path());
      ++losses;
    }
  }

  int losses = 0;

 private:
  TestVfs& vfs_;
  const TemporaryFolder& folder_;
  std::function<void(const std::filesystem::path&)> look_;
  std::mt19937_64 random_{7};
  int operations_ = 0;
};

}  // namespace

TEST_CASE("power loss: a scope whose commit has returned is there, however new its folder, until it is dropped") {
  TestVfs vfs;
  const TemporaryFolder folder;
  InternalOptions options;
  options.vfs = TestVfs::name();
  options.sync = vfs.syncing();
  Database database = open_database(folder / "a.params.db", options);
  enum class State { unknown, committed, dropped } state = State::unknown;
  Losses losses(vfs, folder, [&](const std::filesystem::path& left) {
    const auto scope = left / "a.params.scopes/s.params.db";
    const bool exists = std::filesystem::exists(scope);
    if (state == State::dropped) CHECK_FALSE(exists);
    if (state != State::committed) return;
    REQUIRE(exists);
    Database whole(scope);
    CHECK(value_of(whole.main(), "w") == some_bytes(8));
  });
  for (int round = 0; round < 3; ++round) {
    {
      const auto scope = database.scope("s");
      add(*scope, "w", some_bytes(8));
      state = State::committed;
      losses.now();
      if (round == 1) database.scope("other");  // so that the folder stays
    }
    state = State::unknown;
    CHECK(database.drop_scope("s"));
    state = State::dropped;
    losses.now();
    state = State::unknown;
  }
  CHECK(losses.losses > 100);
}

TEST_CASE("power loss: a scope that others made without waiting for the disk is there once a commit has returned") {
  TestVfs vfs;
  const TemporaryFolder folder;
  InternalOptions hasty;
  hasty.vfs = TestVfs::name();
  hasty.sync = vfs.syncing();
  hasty.survive_power_loss = false;
  InternalOptions careful = hasty;
  careful.survive_power_loss = true;
  Database maker = open_database(folder / "a.params.db", hasty);
  const auto made = maker.scope("s");
  Database database = open_database(folder / "a.params.db", careful);
  const auto scope = database.scope("s");
  add(*scope, "w", some_bytes(8));
  Losses(vfs, folder, [&](const std::filesystem::path& left) {
    REQUIRE(std::filesystem::exists(left / "a.params.scopes/s.params.db"));
    Database whole(left / "a.params.scopes/s.params.db");
    CHECK(value_of(whole.main(), "w") == some_bytes(8));
  }).now();
}

TEST_CASE("power loss: a copy under a new name is there once it has returned, and never half there") {
  TestVfs vfs;
  const TemporaryFolder folder;
  InternalOptions options;
  options.vfs = TestVfs::name();
  options.sync = vfs.syncing();
  Database source = open_database(folder / "source.db", options);
  add(source.main(), "w", some_bytes(300'000));
  bool returned = false;
  Losses losses(vfs, folder, [&](const std::filesystem::path& left) {
    const bool exists = std::filesystem::exists(left / "copy.db");
    CHECK((exists || !returned));
    if (!exists) return;
    Database whole(left / "copy.db");
    CHECK(whole.main().verify().damage.empty());
    CHECK(value_of(whole.main(), "w") == some_bytes(300'000));
  });
  source.main().copy_to(folder / "copy.db", nullptr);
  returned = true;
  losses.now();
  CHECK(losses.losses > 50);
}
