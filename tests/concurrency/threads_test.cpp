// Many threads, and two stores, on one file.
#include <ATen/ATen.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "store/temporary_store.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>
#include <sqlite3.h>

namespace {

using paramstore::ParamStore;
using paramstore::StoreOptions;
namespace constraints = paramstore::constraints;

constexpr int thread_count = 4;
constexpr int rounds = 60;

/// `size` times the same float: at::full of an int is a tensor of ints.
at::Tensor filled(std::int64_t size, int value) { return at::full({size}, static_cast<double>(value)); }

/// Runs `body(thread)` on each of the threads; an exception in one is the test's failure.
template <class Body>
void on_threads(const Body& body) {
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back([&, i] {
      try {
        body(i);
      } catch (const std::exception& error) {
        ++failures;
        MESSAGE(std::string(error.what()));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(failures == 0);
}

TEST_CASE("stores of several threads load very many parameters at once, and each has all of them") {
  TemporaryStore file;
  constexpr int count = 5'000;
  {
    ParamStore store(file.path(), StoreOptions().durability(paramstore::Durability::process_crash));
    auto batch = store.batch();
    for (int i = 0; i < count; ++i) store.set("layer." + std::to_string(i), filled(3, i));
    batch.commit();
  }
  on_threads([&](int) {
    std::vector<at::Tensor> kept;
    {
      const ParamStore store(file.path(), StoreOptions().read_only(true));
      const auto leaves = store.parameters();
      if (leaves.size() != count) throw std::runtime_error("some are missing");
      for (int i = 0; i < count; ++i) {
        const at::Tensor& leaf = leaves[static_cast<std::size_t>(i)];
        if (leaf[2].item().toInt() != i || !leaf.requires_grad()) throw std::runtime_error("a wrong leaf");
        if (i % 100 == 0) kept.push_back(leaf);
      }
      if (store.param_name(leaves[17]) != "layer.17") throw std::runtime_error("wrong name");
    }
    // They outlive their store, and those that they were loaded with.
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (!at::equal(kept[i], filled(3, static_cast<int>(100 * i)))) throw std::runtime_error("a lost value");
    }
  });
}

TEST_CASE("threads that change their own parameters and read the others' do not disturb each other") {
  TemporaryStore file;
  {
    ParamStore store(file.path(), StoreOptions().durability(paramstore::Durability::process_crash));
    store.setdefault("shared", at::ones({3}), constraints::positive);
    on_threads([&](int i) {
      const std::string name = "own " + std::to_string(i);
      for (int round = 0; round < rounds; ++round) {
        store.setdefault(name, at::zeros({4}));
        store.set(name, filled(4, round));
        if (at::allclose(store["shared"], at::ones({3})) == false) throw std::runtime_error("the shared one changed");
        if (store[name][0].item().toInt() != round) throw std::runtime_error("somebody changed mine");
        if (store.param_name(store.unconstrained(name)) != name) throw std::runtime_error("wrong name");
        std::size_t seen = 0;
        for (const auto& key : store.keys()) seen += store.contains(key);
        if (seen < 2) throw std::runtime_error("keys are missing");
        if (round % 10 == 9) {
          store.set("gone " + std::to_string(i), at::ones({1}));
          store.erase("gone " + std::to_string(i));
          store.refresh();
          store.match("own .*");
        }
        if (round % 20 == 19) {
          auto batch = store.batch();
          store.set(name, filled(4, -1));
          store.set(name, filled(4, round));
          batch.commit();
        }
      }
    });
    CHECK(store.size() == thread_count + 1);
  }
  ParamStore again(file.path());
  for (int i = 0; i < thread_count; ++i) {
    CHECK(at::equal(again["own " + std::to_string(i)], filled(4, rounds - 1)));
  }
}

TEST_CASE("each thread commits its own leaves, and no commit is lost") {
  TemporaryStore file;
  ParamStore store(file.path(), StoreOptions().durability(paramstore::Durability::process_crash));
  // A leaf that one thread writes while another commits is a data race by contract, so the threads take turns with a lock of
  // their own around writing, as a training program would.
  std::mutex writing;
  on_threads([&](int i) {
    const std::string name = "w" + std::to_string(i);
    const at::Tensor leaf = store.setdefault(name, at::zeros({16}));
    for (int round = 0; round < rounds; ++round) {
      std::lock_guard lock(writing);
      leaf.data().add_(1);
      store.commit();
    }
  });
  for (int i = 0; i < thread_count; ++i) {
    CHECK(at::equal(ParamStore(file.path())["w" + std::to_string(i)], filled(16, rounds)));
  }
}

TEST_CASE("setdefault of one name on many threads creates it once, and all get the same leaf") {
  ParamStore store = ParamStore::in_memory();
  for (int round = 0; round < rounds; ++round) {
    const std::string name = "w" + std::to_string(round);
    std::vector<at::Tensor> leaves(thread_count);
    on_threads([&](int i) {
      leaves[static_cast<std::size_t>(i)] = store
                                                .setdefault(
                                                    name, [&] { return filled(1, i + 1); }, constraints::positive)
                                                .unconstrained();
    });
    for (const auto& leaf : leaves) CHECK(leaf.is_same(store.unconstrained(name)));
  }
  CHECK(store.size() == rounds);
}

TEST_CASE("a leaf's name may be asked for while another thread clears the store") {
  for (int round = 0; round < rounds; ++round) {
    ParamStore store = ParamStore::in_memory();  // the first to ask for a name makes the index of leaves
    auto batch = store.batch();
    for (int i = 0; i < 200; ++i) store.set("w" + std::to_string(i), filled(1, i));
    batch.commit();
    const at::Tensor leaf = store.unconstrained("w1");
    std::atomic<bool> ready{false};
    std::thread asking([&] {
      ready = true;
      for (std::atomic<int> spins{0}; spins < round * 500; ++spins) {
      }
      const auto name = store.param_name(leaf);
      CHECK((!name || *name == "w1"));
    });
    while (!ready) std::this_thread::yield();
    store.clear();
    asking.join();
    CHECK(store.param_name(leaf) == std::nullopt);
  }
}

TEST_CASE("the active scope is each thread's own") {
  TemporaryStore file;
  ParamStore store(file.path(), StoreOptions().durability(paramstore::Durability::process_crash));
  store.set("w", filled(1, -1));
  on_threads([&](int i) {
    for (int round = 0; round < rounds / 4; ++round) {
      {
        auto named = store.scope("thread " + std::to_string(i));
        store.set("w", filled(1, i));
        auto nested = store.scope();
        if (store.contains("w")) throw std::runtime_error("an anonymous scope is not empty");
        store.set("w", filled(1, 100 + i));
        if (store["w"].item().toInt() != 100 + i) throw std::runtime_error("another thread's scope");
      }
      if (store["w"].item().toInt() != -1) throw std::runtime_error("not back in the store's own scope");
    }
  });
  CHECK(store.scopes().size() == thread_count);
  for (int i = 0; i < thread_count; ++i) {
    auto guard = store.scope("thread " + std::to_string(i));
    CHECK(store["w"].item().toInt() == i);
  }
}

TEST_CASE("a handle to an anonymous scope may end on another thread") {
  ParamStore store = ParamStore::in_memory();
  for (int round = 0; round < rounds / 4; ++round) {
    std::vector<paramstore::Scope> handles;
    for (int i = 0; i < thread_count; ++i) {
      auto guard = store.scope();
      store.set("w", filled(1, i));
      handles.push_back(guard.scope());
    }
    on_threads([&](int i) {
      paramstore::Scope mine = std::move(handles[static_cast<std::size_t>(i)]);
      auto guard = store.scope(mine);
      if (store["w"].item().toInt() != i) throw std::runtime_error("wrong scope");
    });
  }
  CHECK(store.empty());
}

TEST_CASE(
    "another connection's write lock is waited for, then StoreBusy; nothing is lost, and it goes on when the lock "
    "ends") {
  TemporaryStore file;
  ParamStore store(file.path(), StoreOptions().busy_timeout(std::chrono::milliseconds(50)));
  store.setdefault("w", at::zeros({2}));
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(file.path().c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  store.unconstrained("w").data().add_(1);
  CHECK_THROWS_AS(store.commit(), paramstore::StoreBusy);
  CHECK_THROWS_AS(store.set("w", at::ones({2})), paramstore::StoreBusy);
  CHECK_THROWS_AS(store.setdefault("v", at::ones({2})), paramstore::StoreBusy);
  CHECK(at::equal(store["w"], at::ones({2})));
  CHECK_FALSE(store.contains("v"));
  CHECK(ParamStore(file.path()).size() == 1);  // readers do not wait
  REQUIRE(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(other);
  CHECK(store.commit() == 2);
  CHECK(at::equal(ParamStore(file.path())["w"], at::ones({2})));
}

TEST_CASE("two stores that add to one parameter lose no update: StaleParam, refresh, again") {
  TemporaryStore file;
  { ParamStore(file.path()).setdefault("sum", at::zeros({8})); }
  on_threads([&](int) {
    ParamStore store(file.path(), StoreOptions().durability(paramstore::Durability::process_crash));
    const at::Tensor leaf = store.unconstrained("sum");
    for (int round = 0; round < rounds; ++round) {
      for (;;) {
        leaf.data().add_(1);
        try {
          store.commit();
          break;
        } catch (const paramstore::StaleParam&) {
          store.refresh();
        }
        const at::Tensor now = leaf.detach();
        if (!at::equal(now, now[0].expand({8}))) throw std::runtime_error("half of a commit");
      }
    }
  });
  CHECK(at::equal(ParamStore(file.path())["sum"], filled(8, thread_count * rounds)));
}

TEST_CASE("threads that query see whole commits, while others change the store and its scopes") {
  TemporaryStore file;
  ParamStore store(file.path(), StoreOptions().durability(paramstore::Durability::process_crash));
  store.setdefault("left", at::zeros({4}));
  store.setdefault("right", at::zeros({4}));
  std::atomic<int> writers{2};
  on_threads([&](int i) {
    if (i < 2) {
      const std::string own = "fold " + std::to_string(i);
      for (int round = 0; round < rounds; ++round) {
        {
          auto batch = store.batch();
          for (const char* name : {"left", "right"}) store.set(name, store[name].detach() + 1);
          batch.commit();
        }
        const auto guard = store.scope(own);
        store.set("w", filled(2, round));
        if (store.query("SELECT mean FROM param_stats(?)", own).one().get<double>(0) != round) {
          throw std::runtime_error("not what was committed");
        }
      }
      --writers;
      return;
    }
    double last = 0;
    while (writers > 0) {
      double mean[2] = {-1, -1};
      std::size_t count = 0;
      for (const auto& row : store.query("SELECT mean FROM param_stats WHERE name IN (?, ?)", "left", "right")) {
        mean[count++] = row.get<double>("mean");
      }
      if (count != 2 || mean[0] != mean[1]) throw std::runtime_error("half of a commit");
      if (mean[0] < last) throw std::runtime_error("back in time");
      last = mean[0];
    }
  });
  CHECK(store.query("SELECT mean FROM param_stats WHERE name = 'left'").one().get<double>(0) == 2 * rounds);
}

TEST_CASE("a store may be closed while threads query: they get their rows or an Error") {
  for (int round = 0; round < 10; ++round) {
    TemporaryStore file;
    ParamStore store(file.path(), StoreOptions().durability(paramstore::Durability::process_crash));
    store.setdefault("w", at::zeros({4}));
    std::atomic<int> begun{0};
    on_threads([&](int i) {
      if (i == 0) {
        while (begun < thread_count - 1) std::this_thread::yield();
        store.close();
        return;
      }
      try {
        for (;;) {
          for (const auto& row : store.query("SELECT a.name FROM params a, commits b, params c")) {
            if (row.get<std::string>(0) != "w") throw std::runtime_error("a wrong row");
          }
          ++begun;
        }
      } catch (const paramstore::Error& error) {
        ++begun;
        if (std::string(error.what()).find("closed") == std::string::npos) throw;
      }
    });
  }
}

TEST_CASE("a store that is read on several threads holds what was written") {
  TemporaryStore file;
  constexpr int count = 12;
  constexpr std::int64_t numel = 1 << 19;  // 2 MiB each
  {
    ParamStore store(file.path(), StoreOptions().durability(paramstore::Durability::process_crash));
    for (int i = 0; i < count; ++i) store.set("large " + std::to_string(i), filled(numel, i));
    for (int i = 0; i < count; ++i) store.set("small " + std::to_string(i), filled(3, i));
  }
  ParamStore store(file.path());
  const auto leaves = store.named_parameters();
  REQUIRE(leaves.size() == 2 * count);
  for (int i = 0; i < count; ++i) {
    CHECK(at::equal(leaves["large " + std::to_string(i)], filled(numel, i)));
    CHECK(at::equal(leaves["small " + std::to_string(i)], filled(3, i)));
  }
}

}  // namespace
