// Every call of a store, as its n-th allocation fails: it is done or not done, and afterwards the same call succeeds.
//
// A program of its own, because SQLite takes its allocator when it is first used.
#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <sqlite3.h>
#include <torch/nn/modules/linear.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "storage/failing_memory.h"
#include "store/temporary_store.h"
#include "store/warnings.h"

namespace {

namespace fs = std::filesystem;
using namespace paramstore;
using namespace paramstore::storage::testing;

StoreOptions options() {
  return StoreOptions().busy_timeout(std::chrono::milliseconds(0)).durability(Durability::process_crash);
}

using Contents = std::map<std::string, std::vector<float>>;

Contents memory_of(const ParamStore& store) {
  Contents contents;
  for (const auto& item : store.named_parameters()) {
    const at::Tensor flat = item.value().detach().to(at::kFloat).reshape({-1});
    contents[item.key()] = std::vector<float>(flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel());
  }
  return contents;
}

Contents file_of(const fs::path& path) { return memory_of(ParamStore(path, options().read_only(true))); }

bool can_be_written(const fs::path& path) {
  sqlite3* handle = nullptr;
  int code = sqlite3_open(path.c_str(), &handle);
  if (code == SQLITE_OK) code = sqlite3_exec(handle, "BEGIN IMMEDIATE; COMMIT", nullptr, nullptr, nullptr);
  sqlite3_close(handle);
  return code == SQLITE_OK;
}

struct Trial {
  TemporaryStore folder;
  std::unique_ptr<ParamStore> store;
  torch::nn::Linear net{nullptr};

  fs::path beside(const std::string& name) const { return folder.folder() / name; }
  void open() { store = std::make_unique<ParamStore>(folder.path(), options()); }

  Trial() {
    {
      ParamStore made(folder.path(), options());
      for (const char* name : {"a", "b", "c"}) made.setdefault(name, at::full({3}, 1.0), constraints::positive);
      made.setdefault("large", at::ones({100'000}));
      const auto scope = made.scope("fold");
      made.setdefault("in scope", at::ones({2}));
    }
    open();
  }
};

using Step = std::function<void(Trial&)>;
enum class Undone { yes, not_needed };  // whether a call that throws must leave memory as it was

void try_all(const std::string& what, const Step& prepare, const Step& call, Undone undone = Undone::yes) {
  Contents goal;
  {
    Trial trial;
    prepare(trial);
    call(trial);  // and what LibTorch and we make once, is made
    trial.open();
    goal = memory_of(*trial.store);
  }
  for (const Shortage shortage : {Shortage::once, Shortage::until_done}) {
    bool hit = true;
    for (std::int64_t n = 1; hit; n = next_allocation(n)) {
      INFO(what << ", allocation " << n << (shortage == Shortage::once ? "" : " and all after it"));
      CapturedWarnings warnings;
      Trial trial;
      prepare(trial);
      const Contents file_before = file_of(trial.folder.path());
      const Contents before = undone == Undone::yes ? memory_of(*trial.store) : Contents();
      const Outcome outcome = run_short_of_memory(n, shortage, [&] { call(trial); });
      CAPTURE(outcome.message);
      hit = outcome.hit;
      if (!outcome.hit) CHECK(!outcome.threw);
      CHECK(can_be_written(trial.folder.path()));
      if (outcome.threw) {
        CHECK(file_of(trial.folder.path()) == file_before);
        if (undone == Undone::yes) CHECK(memory_of(*trial.store) == before);
        CHECK_NOTHROW(call(trial));
      }
      CHECK(memory_of(*trial.store) == goal);
      CHECK(file_of(trial.folder.path()) == goal);
      CHECK(can_be_written(trial.folder.path()));
      CHECK_NOTHROW(trial.store->set("afterwards", at::ones({1})));
      CHECK_NOTHROW(trial.store->close());
    }
  }
}

void nothing(Trial&) {}
void read_all(Trial& trial) { trial.store->parameters(); }
void move_leaves(Trial& trial) {
  for (const at::Tensor& leaf : trial.store->parameters()) leaf.detach().add_(1);
}

}  // namespace

TEST_CASE("reading a store while memory runs out") {
  make_memory_fail();
  try_all("get", nothing, [](Trial& trial) { (*trial.store)["b"]; });
  try_all("parameters", nothing, read_all);
  try_all("items", nothing, [](Trial& trial) {
    for (const auto& item : trial.store->items()) static_cast<void>(item);
  });
  try_all("query", nothing, [](Trial& trial) {
    for (const auto& row : trial.store->query("SELECT name, value FROM params")) static_cast<void>(row);
  });
  try_all("save", move_leaves, [](Trial& trial) {
    trial.store->save(trial.beside("saved.params.db"));
    trial.store->commit();
  });
  try_all(
      "refresh",
      [](Trial& trial) {
        read_all(trial);
        ParamStore other(trial.folder.path(), options());
        other.set("a", at::full({3}, 4.0));
        other.erase("b");
        other.setdefault("d", at::ones({2}));
      },
      [](Trial& trial) { trial.store->refresh(); }, Undone::not_needed);
}

TEST_CASE("changing a store while memory runs out") {
  make_memory_fail();
  try_all("setdefault", nothing, [](Trial& trial) { trial.store->setdefault("new", at::ones({2})); });
  try_all("set", read_all, [](Trial& trial) { trial.store->set("b", at::full({3}, 2.0)); });
  try_all("set of another shape", read_all, [](Trial& trial) { trial.store->set("b", at::full({5}, 2.0)); });
  try_all("erase", nothing, [](Trial& trial) { trial.store->erase("b"); });
  try_all("clear", read_all, [](Trial& trial) { trial.store->clear(); });
  try_all("commit", move_leaves, [](Trial& trial) { trial.store->commit(CommitOptions().step(1).message("one")); });
  try_all(
      "load",
      [](Trial& trial) {
        read_all(trial);
        ParamStore other(trial.beside("other.params.db"), options());
        other.setdefault("a", at::full({4}, 7.0));
        other.setdefault("d", at::full({4}, 7.0));
      },
      [](Trial& trial) { trial.store->load(trial.beside("other.params.db")); });
  try_all(
      "module", [](Trial& trial) { trial.net = torch::nn::Linear(2, 2); },
      [](Trial& trial) {
        for (const at::Tensor& each : trial.net->parameters()) each.detach().fill_(3);
        trial.store->module("net", trial.net);
      });
}

TEST_CASE("scopes of a store while memory runs out") {
  make_memory_fail();
  try_all("a named scope", nothing, [](Trial& trial) {
    const auto guard = trial.store->scope("fold");
    (*trial.store)["in scope"];
  });
  try_all("a new scope", nothing, [](Trial& trial) {
    const auto guard = trial.store->scope("new");
    trial.store->setdefault("in it", at::ones({2}));
  });
  try_all("an unnamed scope", nothing, [](Trial& trial) {
    const auto guard = trial.store->scope();
    trial.store->setdefault("in it", at::ones({2}));
  });
  try_all("dropping a scope", nothing, [](Trial& trial) { trial.store->drop_scope("fold"); });
}

TEST_CASE("a batch while memory runs out") {
  make_memory_fail();
  const auto change = [](ParamStore& store) {
    store.set("a", at::full({3}, 2.0));  // the leaf stays
    store.set("large", at::ones({2}));   // another leaf
    store.erase("b");
    store.setdefault("new", at::ones({2}));
    store.unconstrained("c").detach().add_(1);
    store.commit();
  };
  try_all("committed", read_all, [&](Trial& trial) {
    at::Tensor c = trial.store->unconstrained("c");
    const at::Tensor before = c.detach().clone();
    try {
      Batch batch = trial.store->batch();
      change(*trial.store);
      batch.commit();
    } catch (...) {
      std::memcpy(c.data_ptr(), before.data_ptr(), before.nbytes());  // changed in place: no batch takes that back
      throw;
    }
  });
  try_all("dropped", read_all, [&](Trial& trial) {
    at::Tensor c = trial.store->unconstrained("c");
    const at::Tensor before = c.detach().clone();
    try {
      const Batch batch = trial.store->batch();
      change(*trial.store);
    } catch (...) {
      std::memcpy(c.data_ptr(), before.data_ptr(), before.nbytes());
      throw;
    }
    std::memcpy(c.data_ptr(), before.data_ptr(), before.nbytes());
  });
  try_all("that clears", read_all, [&](Trial& trial) {
    const Batch batch = trial.store->batch();
    trial.store->clear();
    trial.store->setdefault("a", at::ones({2}));
  });
}

TEST_CASE("destroying a store while memory runs out") {
  make_memory_fail();
  for (std::int64_t n = 1; n < 4000; n = next_allocation(n)) {
    CAPTURE(n);
    CapturedWarnings warnings;
    Trial trial;
    move_leaves(trial);
    const Contents before = file_of(trial.folder.path());
    const Contents pending = memory_of(*trial.store);
    run_short_of_memory(n, Shortage::until_done, [&] { trial.store.reset(); });
    CHECK(can_be_written(trial.folder.path()));
    const Contents after = file_of(trial.folder.path());
    CHECK((after == before || after == pending));
  }
}
