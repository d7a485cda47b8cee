// The strong guarantee on disks that fail: at every single operation, in every call that changes a store.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "storage/test_vfs.h"
#include "store/temporary_store.h"
#include "store/warnings.h"

namespace {

namespace fs = std::filesystem;
using namespace paramstore;
using storage::testing::TestVfs;
using Disk = TestVfs::Operation;

StoreOptions options() { return StoreOptions().busy_timeout(std::chrono::milliseconds(100)); }

struct Shown {
  std::string name;
  std::string tag;
  at::Tensor leaf;
  at::Tensor contents;  // of the leaf, at that time
};
/// By scope, the store itself being "".
using Snapshot = std::map<std::string, std::vector<Shown>>;

std::vector<Shown> shown_by(ParamStore& store) {
  std::vector<Shown> all;
  for (const auto& item : store.named_parameters()) {
    all.push_back({item.key(), store.constraint(item.key()).tag(), item.value(), item.value().detach().clone()});
  }
  return all;
}

Snapshot snapshot_of(ParamStore& store) {
  Snapshot snapshot{{"", shown_by(store)}};
  for (const std::string& name : store.scopes()) {
    const auto guard = store.scope(name);
    snapshot[name] = shown_by(store);
  }
  return snapshot;
}

/// What another process sees.
Snapshot snapshot_of(const fs::path& path) {
  ParamStore reader(path, options().read_only(true));
  return snapshot_of(reader);
}

bool same_bytes(const at::Tensor& a, const at::Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
         std::memcmp(a.data_ptr(), b.data_ptr(), a.nbytes()) == 0;
}

/// Empty where they agree.
std::string difference(const Snapshot& a, const Snapshot& b, bool leaves) {
  if (a.size() != b.size()) return "another number of scopes";
  for (const auto& [scope, params] : a) {
    const auto found = b.find(scope);
    if (found == b.end()) return "no scope '" + scope + "'";
    if (params.size() != found->second.size()) {
      return "scope '" + scope + "': " + std::to_string(params.size()) + " and " +
             std::to_string(found->second.size()) + " parameters";
    }
    for (std::size_t i = 0; i < params.size(); ++i) {
      const Shown& x = params[i];
      const Shown& y = found->second[i];
      if (x.name != y.name) return x.name + " and " + y.name + " stand at one place";
      if (x.tag != y.tag) return x.name + " has two constraints";
      if (!same_bytes(x.contents, y.contents)) return x.name + " has two values";
      if (leaves && !x.leaf.is_same(y.leaf)) return x.name + " has another leaf";
    }
  }
  return {};
}

constexpr std::int64_t large = 60000;  // too long for a value to travel with its row

/// A store with some of everything, in a file that can be copied.
void make_start(const fs::path& path) {
  ParamStore store(path);
  store.setdefault("small", at::arange(64, at::kFloat));
  store.setdefault("scale", at::full({3}, 2.0), constraints::positive);
  store.setdefault("large", at::arange(large, at::kFloat));
  store.setdefault("encoder.layers.0.self_attention.in_proj_weight", at::zeros({4, 4}, at::kDouble));
  const auto guard = store.scope("fold-1");
  store.setdefault("w", at::ones({5}));
}

struct Bench {
  TemporaryStore folder;
  std::optional<ParamStore> store;
  fs::path beside(const char* name) const { return folder.folder() / name; }
};

struct Operation {
  std::string name;
  void (*prepare)(Bench&);  // null: nothing
  void (*run)(Bench&);
};

const char* const long_name = "encoder.layers.0.self_attention.in_proj_weight";

void move_some(Bench& bench) {
  bench.store->unconstrained("small").data().add_(1);
  bench.store->unconstrained("large").data().add_(1);
  bench.store->unconstrained(long_name).data().add_(1);
}

void save_another(Bench& bench) {
  ParamStore another(bench.beside("another.db"));
  another.setdefault("small", at::full({64}, 5.0));
  another.setdefault("scale", at::full({7}, 5.0));
  another.setdefault("new", at::full({large}, 5.0));
}

StateDict some_state() {
  StateDict state;
  state.params.insert("new", at::ones({2}).requires_grad_(true));
  state.constraints.insert("new", constraints::positive);
  state.params.insert("large", at::full({large}, 7.0F).requires_grad_(true));
  state.constraints.insert("large", constraints::real);
  state.params.insert("scale", at::zeros({9}).requires_grad_(true));
  state.constraints.insert("scale", constraints::real);
  return state;
}

void others_change(Bench& bench) {
  ParamStore other(bench.folder.path(), options());
  other.set("small", at::full({64}, 9.0));
  other.set("large", at::full({large}, 9.0));
  other.erase("scale");
  other.set("theirs", at::ones({3}));
}

const Operation operations[] = {
    {"setdefault", nullptr, [](Bench& b) { b.store->setdefault("new", at::ones({3})); }},
    {"setdefault of a large value", nullptr, [](Bench& b) { b.store->setdefault("new", at::ones({large})); }},
    {"set", nullptr, [](Bench& b) { b.store->set("small", at::full({64}, 4.0)); }},
    {"set of what is pending", move_some, [](Bench& b) { b.store->set("small", at::full({64}, 4.0)); }},
    {"set of a large value", nullptr, [](Bench& b) { b.store->set("large", at::full({large}, 4.0F)); }},
    {"set to another shape", nullptr, [](Bench& b) { b.store->set("scale", at::full({large}, 4.0)); }},
    {"set of a new name", nullptr, [](Bench& b) { b.store->set("new", at::ones({large})); }},
    {"erase", nullptr,
     [](Bench& b) {
       if (b.store->contains("large")) b.store->erase("large");
     }},
    {"clear", nullptr, [](Bench& b) { b.store->clear(); }},
    {"commit", move_some, [](Bench& b) { b.store->commit(CommitOptions().step(1).message("one")); }},
    {"set_state", move_some, [](Bench& b) { b.store->set_state(some_state()); }},
    {"load", save_another, [](Bench& b) { b.store->load(b.beside("another.db")); }},
    {"a batch", move_some,
     [](Bench& b) {
       auto batch = b.store->batch();
       b.store->set("large", at::full({large}, 4.0F));
       b.store->set("scale", at::ones({1}));
       if (b.store->contains("small")) b.store->erase("small");
       b.store->setdefault("new", at::ones({large}));
       b.store->commit();
       batch.commit();
     }},
    {"a change in a scope", nullptr,
     [](Bench& b) {
       const auto guard = b.store->scope("fold-1");
       b.store->set("w", at::full({large}, 2.0F));
     }},
};

struct Fault {
  std::string name;
  bool lasting;  // until it is mended; otherwise only one operation fails
  int code;
  bool (*concerns)(Disk);
};

const Fault faults[] = {
    {"a write fails", false, SQLITE_IOERR_WRITE, [](Disk disk) { return disk == Disk::write; }},
    {"the disk is full", true, SQLITE_FULL, [](Disk disk) { return disk == Disk::write; }},
    {"a sync fails", false, SQLITE_IOERR_FSYNC, [](Disk disk) { return disk == Disk::sync; }},
    {"a read fails", false, SQLITE_IOERR_READ, [](Disk disk) { return disk == Disk::read; }},
    {"a lock fails", false, SQLITE_IOERR_LOCK, [](Disk disk) { return disk == Disk::lock; }},
    {"no file opens", false, SQLITE_CANTOPEN, [](Disk disk) { return disk == Disk::open; }},
    {"the disk is gone", true, SQLITE_IOERR, [](Disk) { return true; }},
};

class FaultyDisk {
 public:
  FaultyDisk() {
    vfs_.make_default();
    vfs_.really_sync = false;
  }
  /// The n-th operation that the fault concerns fails, if it comes to that.
  void arm(const Fault& fault, int n) {
    hit = false;
    vfs_.before = [&fault, n, this, count = 0](Disk disk) mutable {
      if (!fault.concerns(disk)) return SQLITE_OK;
      ++count;
      if (count < n || (count > n && !fault.lasting)) return SQLITE_OK;
      hit = true;
      return fault.code;
    };
  }
  void mend() { vfs_.before = nullptr; }
  bool hit = false;

 private:
  TestVfs vfs_;
};

/// Runs `attempt(fault, n)` for every fault and every n that it comes to.
template <class Attempt>
void with_every_fault(FaultyDisk& disk, Attempt&& attempt) {
  for (const Fault& fault : faults) {
    disk.hit = true;
    for (int n = 1; disk.hit; ++n) {
      INFO(fault.name << ", the " << n << "th time");
      REQUIRE(n < 2000);
      attempt(fault, n);
    }
  }
}

TEST_CASE("a change on a failing disk is made in file and memory, or in neither, and can be made again") {
  const CapturedWarnings silence;
  TemporaryStore start;
  make_start(start.path());
  FaultyDisk disk;
  int failures = 0;
  for (const Operation& operation : operations) {
    INFO(operation.name);
    with_every_fault(disk, [&](const Fault& fault, int n) {
      Bench bench;
      fs::copy(start.folder(), bench.folder.folder(), fs::copy_options::recursive);
      bench.store.emplace(bench.folder.path(), options());
      if (operation.prepare) operation.prepare(bench);
      const Snapshot before = snapshot_of(*bench.store);
      const Snapshot file_before = snapshot_of(bench.folder.path());
      const Revision revision = bench.store->revision();

      disk.arm(fault, n);
      bool failed = false;
      try {
        operation.run(bench);
      } catch (const Error&) {
        failed = true;
      }
      disk.mend();

      if (failed) {
        ++failures;
        CHECK(difference(snapshot_of(*bench.store), before, true) == "");
        CHECK(difference(snapshot_of(bench.folder.path()), file_before, false) == "");
        CHECK(bench.store->revision() == revision);
        REQUIRE_NOTHROW(operation.run(bench));
      }
      // What is pending was not part of it.
      CHECK_NOTHROW(bench.store->commit());
      CHECK(difference(snapshot_of(bench.folder.path()), snapshot_of(*bench.store), false) == "");
    });
  }
  MESSAGE(failures << " failures");
}

TEST_CASE("if the disk fails a change in a batch, that change alone is undone, or the whole batch") {
  const CapturedWarnings silence;
  TemporaryStore start;
  make_start(start.path());
  FaultyDisk disk;
  with_every_fault(disk, [&](const Fault& fault, int n) {
    Bench bench;
    fs::copy(start.folder(), bench.folder.folder(), fs::copy_options::recursive);
    bench.store.emplace(bench.folder.path(), options());
    ParamStore& store = *bench.store;
    const Snapshot before = snapshot_of(store);
    bool whole = true;
    {
      auto batch = store.batch();
      store.set("scale", at::ones({3}));
      const Snapshot in_between = snapshot_of(store);
      disk.arm(fault, n);
      bool failed = false;
      try {
        // More than fits SQLite's cache, so that it writes before the commit.
        for (int i = 0; i < 20; ++i) store.set("large", at::full({large * 4 + i}, 4.0F));
      } catch (const Error&) {
        failed = true;
      }
      disk.mend();
      if (failed) {
        CHECK(store["scale"].sizes() == at::IntArrayRef({3}));
        CHECK(at::equal(store["scale"], at::ones({3})));
      }
      try {
        batch.commit();
      } catch (const Error&) {
        whole = false;
      }
    }
    if (!whole) CHECK(difference(snapshot_of(store), before, true) == "");
    CHECK(difference(snapshot_of(bench.folder.path()), snapshot_of(store), false) == "");
    CHECK_NOTHROW(store.set("small", at::zeros({64})));
  });
}

TEST_CASE("refresh on a failing disk picks up everything or nothing") {
  const CapturedWarnings silence;
  TemporaryStore start;
  make_start(start.path());
  FaultyDisk disk;
  with_every_fault(disk, [&](const Fault& fault, int n) {
    Bench bench;
    fs::copy(start.folder(), bench.folder.folder(), fs::copy_options::recursive);
    bench.store.emplace(bench.folder.path(), options());
    ParamStore& store = *bench.store;
    static_cast<void>(snapshot_of(store));
    others_change(bench);
    const at::Tensor small = store.unconstrained("small");
    const at::Tensor contents = small.detach().clone();
    const Revision revision = store.revision();
    disk.arm(fault, n);
    std::optional<RefreshResult> result;
    try {
      result = store.refresh();
    } catch (const Error&) {
    }
    disk.mend();
    if (!result) {
      CHECK(same_bytes(small, contents));
      CHECK(store.revision() == revision);
      REQUIRE_NOTHROW(result = store.refresh());
    }
    CHECK(result->changed == std::vector<std::string>{"small", "large"});
    CHECK(result->added == std::vector<std::string>{"theirs"});
    CHECK(result->removed == std::vector<std::string>{"scale"});
    CHECK(difference(snapshot_of(bench.folder.path()), snapshot_of(store), false) == "");
    CHECK(store.unconstrained("small").is_same(small));
  });
}

TEST_CASE("opening, reading, saving and closing on a failing disk: an error, and nothing is lost") {
  const CapturedWarnings silence;
  TemporaryStore start;
  make_start(start.path());
  FaultyDisk disk;
  const Snapshot whole = snapshot_of(start.path());

  SUBCASE("opening and reading") {
    with_every_fault(disk, [&](const Fault& fault, int n) {
      Bench bench;
      fs::copy(start.folder(), bench.folder.folder(), fs::copy_options::recursive);
      disk.arm(fault, n);
      try {
        ParamStore store(bench.folder.path(), options());
        const Snapshot seen = snapshot_of(store);
        CHECK(difference(seen, whole, false) == "");
      } catch (const Error&) {
      }
      disk.mend();
      CHECK(difference(snapshot_of(bench.folder.path()), whole, false) == "");
    });
  }
  SUBCASE("an open store whose reading failed reads later") {
    with_every_fault(disk, [&](const Fault& fault, int n) {
      Bench bench;
      fs::copy(start.folder(), bench.folder.folder(), fs::copy_options::recursive);
      ParamStore store(bench.folder.path(), options());
      disk.arm(fault, n);
      try {
        static_cast<void>(store["large"]);
        static_cast<void>(store.size());
        const Snapshot seen = snapshot_of(store);
        CHECK(difference(seen, whole, false) == "");
      } catch (const Error&) {
      }
      disk.mend();
      CHECK(difference(snapshot_of(store), whole, false) == "");
    });
  }
  SUBCASE("making a store") {
    with_every_fault(disk, [&](const Fault& fault, int n) {
      Bench bench;
      disk.arm(fault, n);
      try {
        ParamStore store(bench.folder.path(), options());
        store.setdefault("a", at::ones({3}));
      } catch (const Error&) {
      }
      disk.mend();
      ParamStore store(bench.folder.path(), options());
      if (!store.empty()) CHECK(at::equal(store["a"], at::ones({3})));
      CHECK_NOTHROW(store.set("a", at::zeros({3})));
    });
  }
  SUBCASE("saving") {
    with_every_fault(disk, [&](const Fault& fault, int n) {
      Bench bench;
      fs::copy(start.folder(), bench.folder.folder(), fs::copy_options::recursive);
      save_another(bench);
      const fs::path target = bench.beside("another.db");
      const Snapshot target_before = snapshot_of(target);
      ParamStore store(bench.folder.path(), options());
      store.unconstrained("small").data().add_(1);
      const Snapshot before = snapshot_of(store);
      bool failed = false;
      bool complete = false;
      disk.arm(fault, n);
      try {
        store.save(target);
      } catch (const Error& error) {
        failed = true;
        complete = std::string(error.what()).find("the copy is complete") != std::string::npos;
      }
      disk.mend();
      CHECK(difference(snapshot_of(store), before, true) == "");
      if (failed) {
        if (!complete) {
          // For writing, as a failing disk may leave the store that was to be replaced with something to roll back.
          ParamStore untouched(target, options());
          CHECK(difference(snapshot_of(untouched), target_before, false) == "");
        }
        REQUIRE_NOTHROW(store.save(target));
      }
      Snapshot expected = before;
      expected.erase("fold-1");
      CHECK(difference(snapshot_of(target), expected, false) == "");
      CHECK(difference(snapshot_of(bench.folder.path()), whole, false) == "");
    });
  }
  SUBCASE("closing with something pending") {
    with_every_fault(disk, [&](const Fault& fault, int n) {
      Bench bench;
      fs::copy(start.folder(), bench.folder.folder(), fs::copy_options::recursive);
      ParamStore store(bench.folder.path(), options());
      store.unconstrained("small").data().add_(1);
      const Snapshot before = snapshot_of(store);
      disk.arm(fault, n);
      bool failed = false;
      try {
        store.close();
      } catch (const Error&) {
        failed = true;
      }
      disk.mend();
      if (failed) {
        CHECK(difference(snapshot_of(store), before, true) == "");  // still open
        REQUIRE_NOTHROW(store.close());
      }
      CHECK(difference(snapshot_of(bench.folder.path()), before, false) == "");
    });
  }
  SUBCASE("scopes made and dropped") {
    with_every_fault(disk, [&](const Fault& fault, int n) {
      Bench bench;
      fs::copy(start.folder(), bench.folder.folder(), fs::copy_options::recursive);
      ParamStore store(bench.folder.path(), options());
      disk.arm(fault, n);
      try {
        const auto guard = store.scope("fold-2");
        store.setdefault("w", at::ones({2}));
      } catch (const Error&) {
      }
      disk.mend();
      {
        const auto guard = store.scope("fold-2");
        CHECK_NOTHROW(store.set("w", at::full({2}, 3.0)));
      }
      const Snapshot before = snapshot_of(store);
      disk.arm(fault, n);
      bool failed = false;
      bool dropped = false;
      try {
        dropped = store.drop_scope("fold-2");
      } catch (const Error&) {
        failed = true;
      }
      const bool hit = disk.hit;
      disk.mend();
      if (failed) {
        CHECK(difference(snapshot_of(store), before, false) == "");
        REQUIRE_NOTHROW(dropped = store.drop_scope("fold-2"));
      }
      CHECK(dropped);
      CHECK(difference(snapshot_of(store), whole, false) == "");
      disk.hit = hit;
    });
  }
}

}  // namespace
