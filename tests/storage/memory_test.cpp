// Every call, as its n-th allocation fails: it is done or not done, and afterwards the same call succeeds.
//
// A program of its own, because SQLite takes its allocator when it is first used.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "lib/storage/store_internals.h"
#include "paramstore/storage/savepoint.h"
#include "storage/failing_memory.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

namespace fs = std::filesystem;

InternalOptions fast() {
  InternalOptions options;
  options.survive_power_loss = false;
  options.busy_timeout = std::chrono::milliseconds(0);
  options.max_value_length = 300'000;
  return options;
}

using Contents = std::map<std::string, std::vector<char>>;

Contents contents_of(StoreFile& file) {
  Contents contents;
  for (const ParamRecord& record : file.list()) contents[record.name] = value_of(file, record.name);
  return contents;
}

const Contents start = {{"a", some_bytes(64, 1)},
                        {"b", some_bytes(64, 2)},
                        {"c", some_bytes(64, 3)},
                        {"large", some_bytes(200'000, 4)},
                        {"chunked", some_bytes(700'000, 5)}};

void make_start(StoreFile& file) {
  WriteTransaction transaction(file);
  for (const auto& [name, value] : start) transaction.insert(float_record(name, value), bytes_of(value));
  transaction.commit();
}

// A store that has been made and closed once; each trial works on a copy of it.
class Original {
 public:
  explicit Original(int scopes) {
    Database database = open_database(folder_ / "a.params.db", fast());
    make_start(database.main());
    for (int i = 0; i < scopes; ++i) add(*database.scope("s" + std::to_string(i)), "in scope", some_bytes(8, 6));
  }
  void copy_to(const fs::path& target) const { fs::copy(folder_.path(), target, fs::copy_options::recursive); }

 private:
  TemporaryFolder folder_;
};

const Original& without_scopes() {
  static const Original instance(0);
  return instance;
}
const Original& with_scopes() {
  static const Original instance(12);
  return instance;
}

struct Trial {
  TemporaryFolder folder;
  fs::path store;
  std::optional<Database> database;
  std::vector<std::shared_ptr<StoreFile>> held;
  Contents before = start;
  Contents after = start;  // if the call succeeds

  explicit Trial(const Original& original) : store(folder / "store/a.params.db") { original.copy_to(folder / "store"); }
  void open() { database.emplace(open_database(store, fast())); }
  StoreFile& file() { return database->main(); }
  std::int64_t id(const std::string& name) { return file().find(name)->id; }
};

using Step = std::function<void(Trial&)>;

// For use in the call itself, where a CHECK would get no memory.
bool wrong = false;
void expect(bool condition) noexcept { wrong = wrong || !condition; }

// Descriptors of files below `folder`.
int open_below(const fs::path& folder) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the descriptor that reads this folder
    if (fs::read_symlink(entry.path(), gone).string().rfind(folder.string(), 0) == 0) ++count;
  }
  return count;
}

// `call` with its n-th allocation failing, for n = 1, 2, ... until nothing fails.
void try_all(const std::string& what, const Step& prepare, const Step& call,
             const Original& original = without_scopes()) {
  for (const Shortage shortage : {Shortage::once, Shortage::until_done}) {
    bool hit = true;
    for (std::int64_t n = 1; hit; n = next_allocation(n)) {
      INFO(what << ", allocation " << n << (shortage == Shortage::once ? "" : " and all after it"));
      Trial trial(original);
      trial.open();
      prepare(trial);
      const Outcome outcome = run_short_of_memory(n, shortage, [&] { call(trial); });
      hit = outcome.hit;
      CAPTURE(outcome.message);
      if (!outcome.hit) CHECK(!outcome.threw);
      CHECK(!std::exchange(wrong, false));
      // No lock is left, not even before the store is used again.
      std::optional<PlainSqlite> other(std::in_place, trial.store);
      CHECK(other->run("BEGIN IMMEDIATE; COMMIT") == "");
      CHECK(contents_of(trial.file()) == (outcome.threw ? trial.before : trial.after));
      if (outcome.threw) {
        CHECK_NOTHROW(call(trial));
        CHECK(!std::exchange(wrong, false));
        CHECK(contents_of(trial.file()) == trial.after);
      }
      CHECK(other->run("BEGIN IMMEDIATE; COMMIT") == "");
      add(trial.file(), "afterwards", some_bytes(8));
      trial.after["afterwards"] = some_bytes(8);
      trial.held.clear();
      trial.database.reset();
      CHECK(contents_of(Database(trial.store).main()) == trial.after);
      other.reset();
      CHECK(open_below(trial.folder.path()) == 0);
    }
  }
}

void nothing(Trial&) {}

}  // namespace

TEST_CASE("reading while memory runs out") {
  make_memory_fail();
  try_all("find", nothing, [](Trial& trial) { trial.file().find("b"); });
  try_all("count and the like", nothing, [](Trial& trial) {
    trial.file().count();
    trial.file().revision();
    trial.file().facts();
    trial.file().commits(5);
    trial.file().names("", 10);
    trial.file().change_counter();
  });
  try_all("a snapshot", nothing, [](Trial& trial) {
    const ReadTransaction snapshot(trial.file());
    trial.file().list();
  });
  try_all("read_value", nothing, [](Trial& trial) {
    for (const char* name : {"a", "large", "chunked"}) value_of(trial.file(), name);
  });
  try_all("read_all", nothing, [](Trial& trial) {
    std::vector<std::vector<char>> values;
    trial.file().read_all([&](const ParamRecord& record) {
      values.emplace_back(static_cast<std::size_t>(*value_size(record.shape, record.dtype)));
      return values.back().data();
    });
    expect(values.size() >= start.size());
  });
  try_all("verify", nothing, [](Trial& trial) { trial.file().verify(); });
}

TEST_CASE("writing while memory runs out") {
  make_memory_fail();
  try_all(
      "insert", [](Trial& trial) { trial.after["new"] = some_bytes(64, 7); },
      [](Trial& trial) { add(trial.file(), "new", trial.after["new"]); });
  try_all(
      "insert a chunked value", [](Trial& trial) { trial.after["new"] = some_bytes(700'000, 7); },
      [](Trial& trial) { add(trial.file(), "new", trial.after["new"]); });
  try_all(
      "update a run, a large and a chunked value",
      [](Trial& trial) {
        for (auto& [name, value] : trial.after) value = some_bytes(value.size(), 11);
      },
      [](Trial& trial) {
        WriteTransaction transaction(trial.file());
        std::vector<ValueUpdate> updates;
        for (auto& [name, value] : trial.after) {
          if (trial.before.count(name) != 0)
            updates.push_back({trial.id(name), std::nullopt, bytes_of(value), value_checksum(bytes_of(value))});
        }
        std::sort(updates.begin(), updates.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
        update_values(transaction, updates);
        transaction.commit();
      });
  try_all(
      "replace, rename and erase",
      [](Trial& trial) {
        trial.after["a"] = some_bytes(128, 8);
        trial.after["renamed"] = trial.after["b"];
        trial.after.erase("b");
        trial.after.erase("chunked");
      },
      [](Trial& trial) {
        WriteTransaction transaction(trial.file(), {1, "a message"});
        const auto& value = trial.after["a"];
        transaction.replace(trial.id("a"), std::nullopt, float_record("a", value), bytes_of(value));
        transaction.rename(trial.id("b"), std::nullopt, "renamed");
        transaction.erase(trial.id("chunked"), std::nullopt);
        transaction.commit();
      });
  try_all(
      "clear", [](Trial& trial) { trial.after.clear(); },
      [](Trial& trial) {
        WriteTransaction transaction(trial.file());
        transaction.clear();
        transaction.commit();
      });
  try_all(
      "a part that is undone and one that is not", [](Trial& trial) { trial.after["new"] = some_bytes(64, 7); },
      [](Trial& trial) {
        WriteTransaction transaction(trial.file());
        {
          Savepoint undone(transaction);
          transaction.erase(trial.id("a"), std::nullopt);
        }
        Savepoint done(transaction);
        transaction.insert(float_record("new", some_bytes(64, 7)), bytes_of(some_bytes(64, 7)));
        done.release();
        transaction.commit();
      });
}

TEST_CASE("scopes while memory runs out") {
  make_memory_fail();
  const auto hold_all = [](Trial& trial) {
    for (int i = 0; i < 11; ++i) trial.held.push_back(trial.database->scope("s" + std::to_string(i)));
  };
  try_all(
      "a scope that exists", nothing,
      [](Trial& trial) {
        const auto scope = trial.database->scope("s3");
        expect(scope->count() == 1);
      },
      with_scopes());
  try_all(
      "a new scope", nothing,
      [](Trial& trial) {
        const auto scope = trial.database->scope("new");
        if (scope->count() == 0) add(*scope, "in it", some_bytes(8));
      },
      with_scopes());
  try_all(
      "a scope that others make room for", hold_all,
      [](Trial& trial) {
        const auto scope = trial.database->scope("s11");
        expect(scope->count() == 1);
        for (const auto& each : trial.held) expect(each->count() == 1);
      },
      with_scopes());
  try_all(
      "a scope in memory", nothing,
      [](Trial& trial) {
        const auto scope = trial.database->anonymous_scope();
        add(*scope, "in it", some_bytes(8));
      },
      with_scopes());
  try_all(
      "dropping a scope", nothing,
      [](Trial& trial) {
        trial.database->drop_scope("s3");
        expect(trial.database->scope_names().size() == 11);
      },
      with_scopes());
}

TEST_CASE("files as a whole while memory runs out") {
  make_memory_fail();
  try_all("compact", nothing, [](Trial& trial) { trial.file().compact(); });
  const auto copy = [](Trial& trial) {
    trial.file().copy_to(trial.folder / "copy.params.db", [](WriteTransaction& amended) {
      if (!amended.file().find("added")) amended.insert(float_record("added", some_bytes(8)), bytes_of(some_bytes(8)));
    });
    for (const auto& entry : fs::directory_iterator(trial.folder.path()))
      expect(!contains(entry.path().filename().string(), ".copy-"));
  };
  try_all("a copy", nothing, copy);
  try_all(
      "a copy over another", [](Trial& trial) { make_start(Database(trial.folder / "copy.params.db").main()); }, copy);
  try_all("opening and closing", nothing, [](Trial& trial) {
    Database second = open_database(trial.store, fast());
    expect(second.main().count() >= start.size());
  });
  try_all("making a store", nothing, [](Trial& trial) { open_database(trial.folder / "new.params.db", fast()); });
  try_all("opening only to read", nothing, [](Trial& trial) {
    InternalOptions options = fast();
    options.read_only = true;
    Database second = open_database(trial.store, options);
    expect(second.main().count() >= start.size());
  });
}

TEST_CASE("a file that is refused does not stay open, whichever allocation fails") {
  make_memory_fail();
  const TemporaryFolder folder;
  const fs::path text = folder / "text.db";
  write_file(text, std::string(200, 'x'));
  bool hit = true;
  for (std::int64_t n = 1; hit; ++n) {
    CAPTURE(n);
    const Outcome outcome = run_short_of_memory(n, Shortage::once, [&] { open_database(text, fast()); });
    hit = outcome.hit;
    CHECK(outcome.threw);
    CHECK(open_below(folder.path()) == 0);
  }
}
