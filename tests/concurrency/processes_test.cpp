// Processes that share a file: readers and writers, mixed. No lost update, no torn read, no error but StaleParam and
// StoreBusy, and no reader that waits. PARAMSTORE_PROCESS_ROUNDS in the environment says how many commits each writer
// makes (400).
#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "concurrency/process.h"
#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "store/temporary_store.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>
#include <sqlite3.h>

namespace {

namespace fs = std::filesystem;
using paramstore::Durability;
using paramstore::ParamStore;
using paramstore::StaleParam;
using paramstore::StoreBusy;
using paramstore::StoreOptions;

constexpr int counter_count = 4;
constexpr std::int64_t numel = 16;

int rounds() {
  const char* text = std::getenv("PARAMSTORE_PROCESS_ROUNDS");
  return text == nullptr ? 400 : std::atoi(text);
}

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

fs::path store_in(const fs::path& folder) { return folder / "model.params.db"; }

/// What a round adds one to: a counter, and in every other round also the pair that no reader may ever see differ.
std::vector<std::string> touched(int writer, int round) {
  std::vector<std::string> names{"counter " + std::to_string((writer + round) % counter_count)};
  if (round % 2 == 0) names.insert(names.end(), {"left", "right"});
  return names;
}

/// What all writers together have added to each in the end.
std::map<std::string, int> expected_sums(int writers) {
  std::map<std::string, int> sums;
  for (int writer = 0; writer < writers; ++writer) {
    for (int round = 0; round < rounds(); ++round) {
      for (const std::string& name : touched(writer, round)) ++sums[name];
    }
  }
  return sums;
}

/// The number that all elements have.
double number_in(const double* elements) {
  for (std::int64_t i = 1; i < numel; ++i) {
    if (elements[i] != elements[0]) fail("half a value");
  }
  return elements[0];
}
double number_in(const at::Tensor& leaf) { return number_in(leaf.data_ptr<double>()); }

// ---- Writers: each does its rounds, again and again until they are in the file ---------------------

/// How often a writer had to try again, for its parent.
struct Tally {
  int stale = 0;
  int busy = 0;
  void leave(const fs::path& folder, int writer) const {
    std::ofstream(folder / ("tally " + std::to_string(writer))) << stale << " " << busy;
  }
  void add(const fs::path& folder, int writer) {
    int more[2] = {0, 0};
    std::ifstream(folder / ("tally " + std::to_string(writer))) >> more[0] >> more[1];
    stale += more[0];
    busy += more[1];
  }
};

/// What a step of a training takes; meanwhile others commit.
void compute() { std::this_thread::sleep_for(std::chrono::microseconds(200)); }

/// Changes leaves in place, as an optimizer does. What others have changed meanwhile it takes from them, and adds to
/// that; what only it has changed is still pending then.
void add_in_place(const fs::path& folder, int writer) {
  const auto timeout = std::chrono::milliseconds(writer % 2 == 0 ? 5000 : 1);
  ParamStore store(store_in(folder), StoreOptions().durability(Durability::process_crash).busy_timeout(timeout));
  store.parameters();
  Tally tally;
  for (int round = 0; round < rounds(); ++round) {
    const std::vector<std::string> names = touched(writer, round);
    std::vector<std::string> to_add = names;
    for (bool committed = false; !committed;) {
      for (const std::string& name : to_add) store.unconstrained(name).data().add_(1);
      to_add.clear();
      compute();
      try {
        store.commit();
        committed = true;
      } catch (const StaleParam& error) {
        ++tally.stale;
        const auto changed = store.refresh().changed;
        const auto is_new = [&](const std::string& name) {
          return std::find(changed.begin(), changed.end(), name) != changed.end();
        };
        std::copy_if(names.begin(), names.end(), std::back_inserter(to_add), is_new);
        for (const std::string& name : error.names()) {
          if (!is_new(name)) fail("stale, but refresh has nothing new of it: " + name);
        }
      } catch (const StoreBusy&) {
        ++tally.busy;  // still pending: the same again
      }
    }
  }
  tally.leave(folder, writer);
}

/// Sets values in a batch: all of it, or nothing.
void add_in_batches(const fs::path& folder, int writer) {
  ParamStore store(store_in(folder), StoreOptions().durability(Durability::process_crash));
  Tally tally;
  for (int round = 0; round < rounds(); ++round) {
    for (bool committed = false; !committed;) {
      store.refresh();
      compute();
      try {
        auto batch = store.batch();
        for (const std::string& name : touched(writer, round)) store.set(name, store[name].detach() + 1);
        batch.commit();
        committed = true;
      } catch (const StaleParam&) {
        ++tally.stale;
      } catch (const StoreBusy&) {
        ++tally.busy;
      }
    }
  }
  tally.leave(folder, writer);
}

struct Closer {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
struct Finalizer {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Connection = std::unique_ptr<sqlite3, Closer>;

Connection connect(const fs::path& folder, int busy_timeout) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open(store_in(folder).c_str(), &handle);
  Connection connection(handle);
  if (code != SQLITE_OK) fail("the file cannot be opened");
  sqlite3_busy_timeout(handle, busy_timeout);
  return connection;
}

void run(const Connection& connection, const char* sql) {
  char* message = nullptr;
  if (sqlite3_exec(connection.get(), sql, nullptr, nullptr, &message) == SQLITE_OK) return;
  const std::string what = message == nullptr ? "an error" : message;
  sqlite3_free(message);
  fail(std::string(sql) + ": " + what);
}

/// A tool that knows only SQL.
void add_with_plain_sql(const fs::path& folder, int writer) {
  const Connection connection = connect(folder, 30'000);
  run(connection, "PRAGMA synchronous = NORMAL");
  const auto prepare = [&](const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(connection.get(), sql, -1, &statement, nullptr) != SQLITE_OK) fail(sql);
    return std::unique_ptr<sqlite3_stmt, Finalizer>(statement);
  };
  const auto read = prepare("SELECT value FROM params WHERE name = ?1");
  const auto write = prepare("UPDATE params SET value = ?2 WHERE name = ?1");
  for (int round = 0; round < rounds(); ++round) {
    run(connection, "BEGIN IMMEDIATE");
    for (const std::string& name : touched(writer, round)) {
      double elements[numel];
      sqlite3_bind_text(read.get(), 1, name.c_str(), -1, SQLITE_STATIC);
      if (sqlite3_step(read.get()) != SQLITE_ROW || sqlite3_column_bytes(read.get(), 0) != sizeof elements) fail(name);
      std::memcpy(elements, sqlite3_column_blob(read.get(), 0), sizeof elements);
      sqlite3_reset(read.get());
      for (double& element : elements) element += 1;
      sqlite3_bind_text(write.get(), 1, name.c_str(), -1, SQLITE_STATIC);
      sqlite3_bind_blob(write.get(), 2, elements, sizeof elements, SQLITE_STATIC);
      if (sqlite3_step(write.get()) != SQLITE_DONE) fail(sqlite3_errmsg(connection.get()));
      sqlite3_reset(write.get());
    }
    run(connection, "COMMIT");
  }
}

// ---- Readers: look until the writers are done, with a busy timeout of nothing: having to wait is an error ----

StoreOptions without_waiting() { return StoreOptions().read_only(true).busy_timeout(std::chrono::milliseconds(0)); }

/// What a reader saw last: sums never go down, and the pair is equal.
class Watcher {
 public:
  void look(const std::map<std::string, double>& seen) {
    if (seen.size() != counter_count + 2) fail("not all parameters are there");
    if (seen.at("left") != seen.at("right")) {
      fail("half a commit: " + std::to_string(seen.at("left")) + " and " + std::to_string(seen.at("right")));
    }
    for (const auto& [name, sum] : seen) {
      if (sum < last_[name]) fail("back in time: " + name);
      last_[name] = sum;
    }
  }
  double pair() { return last_["left"]; }

 private:
  std::map<std::string, double> last_;
};

/// Runs `look` until the writers are done, and once more.
template <class Look>
void until_done(const fs::path& folder, const Look& look) {
  for (bool done = false; !done;) {
    done = flag_is_up(folder, "done");
    look();
  }
}

void read_by_refreshing(const fs::path& folder) {
  ParamStore store(store_in(folder), without_waiting());
  const auto leaves = store.named_parameters();
  Watcher watcher;
  const auto look = [&] {
    std::map<std::string, double> seen;
    for (const auto& leaf : leaves) seen[leaf.key()] = number_in(leaf.value());
    watcher.look(seen);
  };
  look();
  int changes = 0;
  until_done(folder, [&] {
    const double before = watcher.pair();
    const auto result = store.refresh();
    look();
    const bool told = std::find(result.changed.begin(), result.changed.end(), "left") != result.changed.end();
    if (!told && watcher.pair() != before) fail("refresh did not tell of what it took in");
    if (!result.added.empty() || !result.removed.empty()) fail("refresh told of what was not");
    changes += told ? 1 : 0;
  });
  if (changes == 0) fail("the reader saw no change at all");
}

void read_by_opening(const fs::path& folder) {
  Watcher watcher;
  until_done(folder, [&] {
    const ParamStore store(store_in(folder), without_waiting());
    std::map<std::string, double> seen;
    for (const auto& leaf : store.named_parameters()) seen[leaf.key()] = number_in(leaf.value());
    watcher.look(seen);
  });
}

void read_by_sql(const fs::path& folder) {
  const ParamStore store(store_in(folder), without_waiting());
  Watcher watcher;
  until_done(folder, [&] {
    std::map<std::string, double> seen;
    for (const auto& row : store.query("SELECT name, min, max, value FROM param_stats JOIN params USING (name)")) {
      const auto value = row.get<std::vector<std::byte>>("value");
      double elements[numel];
      if (value.size() != sizeof elements) fail("a value of another size");
      std::memcpy(elements, value.data(), sizeof elements);
      const double sum = number_in(elements);
      if (row.get<double>("min") != sum || row.get<double>("max") != sum) fail("two tables of one statement differ");
      seen[row.get<std::string>("name")] = sum;
    }
    watcher.look(seen);
  });
}

/// Takes the write lock, says so, and keeps it until it is told.
void hold_write_lock(const fs::path& folder) {
  const Connection connection = connect(folder, 5000);
  run(connection, "BEGIN IMMEDIATE; UPDATE params SET constraint_tag = 'positive'");
  raise_flag(folder, "locked");
  wait_for_flag(folder, "unlock");
  run(connection, "ROLLBACK");
}

void make_store(const fs::path& folder) {
  ParamStore store(store_in(folder), StoreOptions().durability(Durability::process_crash));
  auto batch = store.batch();
  for (int i = 0; i < counter_count; ++i)
    store.setdefault("counter " + std::to_string(i), at::zeros({numel}, at::kDouble));
  for (const char* name : {"left", "right"}) store.setdefault(name, at::zeros({numel}, at::kDouble));
  batch.commit();
}

TEST_CASE("eight processes that read and write one file: no lost update, no torn read, no other error") {
  TemporaryStore file;
  make_store(file.folder());
  constexpr int writer_count = 5;
  const char* const readers[] = {"read by refreshing", "read by opening", "read by sql"};
  std::vector<Process> reading;
  for (const char* part : readers) reading.emplace_back(part, file.folder());
  std::vector<Process> writing;
  for (int i = 0; i < writer_count; ++i) writing.emplace_back("write " + std::to_string(i), file.folder());
  for (Process& process : writing) CHECK(process.wait() == "");
  raise_flag(file.folder(), "done");
  for (Process& process : reading) CHECK(process.wait() == "");

  const ParamStore store(file.path());
  for (const auto& [name, sum] : expected_sums(writer_count)) {
    CAPTURE(name);
    CHECK(number_in(store.unconstrained(name)) == sum);
  }
  Tally tally;
  for (int i = 0; i < writer_count; ++i) tally.add(file.folder(), i);
  MESSAGE(store.revision() << " commits; StaleParam " << tally.stale << " times, StoreBusy " << tally.busy << " times");
  CHECK(tally.stale > 0);  // they were in each other's way
  CHECK(store.revision() > writer_count * rounds());
  std::int64_t damaged = 0;
  for (const auto& row : store.query("PRAGMA integrity_check")) damaged += row.get<std::string>(0) != "ok";
  CHECK(damaged == 0);
}

TEST_CASE("while another process holds the write lock: readers do not wait; a writer waits, then StoreBusy") {
  TemporaryStore file;
  make_store(file.folder());
  ParamStore reader(file.path(), without_waiting());
  const at::Tensor leaf = reader.unconstrained("left");
  ParamStore writer(file.path(), StoreOptions().busy_timeout(std::chrono::milliseconds(20)));
  ParamStore patient(file.path(), StoreOptions().busy_timeout(std::chrono::minutes(1)));
  writer.set("left", at::ones({numel}, at::kDouble));
  patient.refresh();

  Process process("hold write lock", file.folder());
  wait_for_flag(file.folder(), "locked");
  CHECK(reader.refresh().empty() == false);
  CHECK(number_in(leaf) == 1);
  CHECK(ParamStore(file.path(), without_waiting()).size() == counter_count + 2);
  CHECK(reader.query("SELECT count(*) FROM params WHERE constraint_tag = 'real'").one().get<std::int64_t>(0) ==
        counter_count + 2);

  writer.unconstrained("right").data().fill_(1);
  CHECK_THROWS_AS(writer.commit(), StoreBusy);
  CHECK_THROWS_AS(writer.set("left", at::zeros({numel}, at::kDouble)), StoreBusy);
  CHECK(writer.refresh().empty());  // a writer may read meanwhile
  CHECK(number_in(writer.unconstrained("right")) == 1);

  std::thread waiting([&] { patient.set("left", at::full({numel}, 7.0, at::kDouble)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // most likely it waits by then; right in any case
  raise_flag(file.folder(), "unlock");
  waiting.join();
  CHECK(process.wait() == "");
  CHECK(number_in(patient.unconstrained("left")) == 7);
  CHECK_NOTHROW(writer.commit());
  reader.refresh();
  CHECK(number_in(leaf) == 7);
  CHECK(number_in(reader.unconstrained("right")) == 1);
}

TEST_CASE("a stale commit of another process's row writes nothing, and both remedies work") {
  TemporaryStore file;
  make_store(file.folder());
  ParamStore store(file.path());
  const at::Tensor left = store.unconstrained("left");
  const at::Tensor right = store.unconstrained("right");
  left.data().fill_(100);
  right.data().fill_(100);
  setenv("PARAMSTORE_PROCESS_ROUNDS", "1", 1);
  CHECK(Process("write 0", file.folder()).wait() == "");
  unsetenv("PARAMSTORE_PROCESS_ROUNDS");
  store.unconstrained("counter 1").data().fill_(100);
  try {
    store.commit();
    FAIL("expected StaleParam");
  } catch (const StaleParam& error) {
    CHECK(error.names() == std::vector<std::string>{"left", "right"});
  }
  CHECK(number_in(ParamStore(file.path()).unconstrained("counter 1")) == 0);
  SUBCASE("theirs") {
    auto changed = store.refresh().changed;
    std::sort(changed.begin(), changed.end());
    CHECK(changed == std::vector<std::string>{"counter 0", "left", "right"});
    CHECK(number_in(left) == 1);
    store.commit();
    CHECK(number_in(ParamStore(file.path()).unconstrained("left")) == 1);
  }
  SUBCASE("ours") {
    store.commit(paramstore::Conflict::overwrite);
    CHECK(number_in(ParamStore(file.path()).unconstrained("left")) == 100);
  }
  CHECK(number_in(ParamStore(file.path()).unconstrained("counter 1")) == 100);
  CHECK(store.unconstrained("left").is_same(left));
}

TEST_CASE("child" * doctest::skip()) {
  const PartOfChild part = part_of_child();
  if (part.name.empty()) return;
  if (part.name == "read by refreshing") return read_by_refreshing(part.folder);
  if (part.name == "read by opening") return read_by_opening(part.folder);
  if (part.name == "read by sql") return read_by_sql(part.folder);
  if (part.name == "hold write lock") return hold_write_lock(part.folder);
  constexpr std::string_view write = "write ";
  if (part.name.compare(0, write.size(), write) != 0) fail("no such part: " + part.name);
  const int writer = std::stoi(part.name.substr(write.size()));
  if (writer < 2) return add_in_place(part.folder, writer);
  if (writer < 4) return add_in_batches(part.folder, writer);
  add_with_plain_sql(part.folder, writer);
}

}  // namespace
