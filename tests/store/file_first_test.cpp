// A change reaches the file before it reaches memory, and memory agrees with the file whatever fails.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iterator>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "storage/test_vfs.h"
#include "store/copy_hook.h"
#include "store/temporary_store.h"
#include "store/warnings.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>
#include <sqlite3.h>

namespace {

using namespace paramstore;
using storage::testing::TestVfs;

at::Tensor filled(double value, std::int64_t size = 4) { return at::full({size}, value); }

// operator new fails on this thread. (LibTorch's allocator of tensors' memory does not use it, nor does SQLite.)
thread_local bool no_memory = false;
// After so many calls it fails once; -1: never.
thread_local int calls_left = -1;

/// What a new connection finds.
at::Tensor in_file(const TemporaryStore& file, const std::string& name) {
  return ParamStore(file.path(), StoreOptions().read_only(true))[name].detach().clone();
}

}  // namespace

void* operator new(std::size_t size) {
  if (no_memory || (calls_left >= 0 && calls_left-- == 0)) throw std::bad_alloc();
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

TEST_CASE("no thread ever sees a value whose COMMIT fails") {
  TemporaryStore file;
  TestVfs vfs;
  vfs.make_default();
  vfs.really_sync = false;
  ParamStore store(file.path());
  store.setdefault("w", filled(1));
  store.setdefault("scale", filled(2), constraints::positive);
  const at::Tensor leaf = store.unconstrained("w");

  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<int> looks{0};
  std::thread reader([&] {
    while (!stop) {
      if (leaf[0].item().toDouble() != 1) ++wrong;
      if (store["w"][3].item().toDouble() != 1) ++wrong;
      if (std::abs(store["scale"][0].item().toDouble() - 2) > 1e-5) ++wrong;
      if (store.param_name(leaf) != "w") ++wrong;
      ++looks;
    }
  });
  StateDict state;
  state.params.insert("w", filled(7).requires_grad_(true));
  state.constraints.insert("w", constraints::real);
  int failures = 0;
  for (int round = 0; round < 200; ++round) {
    vfs.before = [](TestVfs::Operation operation) {
      return operation == TestVfs::Operation::sync ? SQLITE_IOERR_FSYNC : SQLITE_OK;
    };
    const auto fails = [&](const auto& change) {
      try {
        change();
      } catch (const StorageError&) {
        ++failures;
      }
    };
    fails([&] { store.set("w", filled(5)); });
    fails([&] { store.set("scale", filled(5)); });
    fails([&] { store.set("w", filled(5, 9)); });
    fails([&] { store.set_state(state); });
    fails([&] { store.erase("w"); });
    fails([&] { store.clear(); });
    vfs.before = nullptr;
  }
  while (looks < 100) std::this_thread::yield();
  stop = true;
  reader.join();
  CHECK(failures == 1200);
  CHECK(wrong == 0);
  CHECK(store.unconstrained("w").is_same(leaf));
  CHECK(at::equal(in_file(file, "w"), filled(1)));
}

TEST_CASE("what cannot be applied to memory after COMMIT is read again from the file, with a warning") {
  TemporaryStore file;
  ParamStore store(file.path());
  store.setdefault("other", filled(0));
  const at::Tensor leaf = store.setdefault("w", filled(1));
  const Unwritable set_in_stone(leaf);
  const auto check_agreement = [&](const CapturedWarnings& warnings) {
    REQUIRE(warnings.messages.size() == 1);
    CHECK(warnings.messages[0].find("'w'") != std::string::npos);
    CHECK(warnings.messages[0].find("it is set in stone") != std::string::npos);
    CHECK(warnings.messages[0].find(file.path().string()) != std::string::npos);
    CHECK(at::equal(store["w"], in_file(file, "w")));
    CHECK_FALSE(store.unconstrained("w").is_same(leaf));
    CHECK(store.size() == 2);
    CHECK(std::vector<std::string>(store.keys().begin(), store.keys().end()) == std::vector<std::string>{"other", "w"});
    store.unconstrained("w").data().add_(1);
    CHECK_NOTHROW(store.commit());
    CHECK(at::equal(store["w"], in_file(file, "w")));
    CHECK_NOTHROW(store.set("w", filled(9)));
    CHECK(at::equal(in_file(file, "w"), filled(9)));
    CHECK(at::equal(leaf.detach().clone(), filled(1)));
  };
  const CapturedWarnings warnings;
  SUBCASE("set") {
    CHECK_NOTHROW(store.set("w", filled(3)));
    CHECK(at::equal(in_file(file, "w"), filled(3)));
    check_agreement(warnings);
  }
  SUBCASE("set_state") {
    StateDict state;
    state.params.insert("w", filled(3).requires_grad_(true));
    state.constraints.insert("w", constraints::real);
    CHECK_NOTHROW(store.set_state(state));
    CHECK(at::equal(in_file(file, "w"), filled(3)));
    check_agreement(warnings);
  }
  SUBCASE("refresh") {
    ParamStore(file.path()).set("w", filled(3));
    CHECK(store.refresh().changed == std::vector<std::string>{"w"});
    CHECK(at::equal(store["w"], filled(3)));
    check_agreement(warnings);
  }
  SUBCASE("a batch that is committed") {
    auto batch = store.batch();
    store.set("w", filled(3));
    CHECK(at::equal(store["w"], filled(3)));
    batch.commit();
    CHECK(at::equal(in_file(file, "w"), filled(3)));
    check_agreement(warnings);
  }
  SUBCASE("a batch that is dropped") {
    {
      auto batch = store.batch();
      store.set("w", filled(3));
      store.set("w", filled(4));
    }
    CHECK(at::equal(store["w"], filled(1)));
    CHECK(at::equal(in_file(file, "w"), filled(1)));
    CHECK(store.unconstrained("w").is_same(leaf));
    CHECK(store.revision() == 2);
    leaf.data()[0] = 5;
    CHECK_NOTHROW(store.commit());
    CHECK(at::equal(store["w"], in_file(file, "w")));
    CHECK(warnings.messages.size() == 1);
  }
  SUBCASE("a batch that is dropped before anybody has read what it made") {
    {
      auto batch = store.batch();
      store.set("w", filled(3));
    }
    CHECK(at::equal(in_file(file, "w"), filled(1)));
    check_agreement(warnings);
  }
}

TEST_CASE("dropping a batch restores names, order, leaves and contents, and needs no memory for it") {
  TemporaryStore file;
  ParamStore store(file.path(), StoreOptions().detect(Detect::version_counter));
  for (int i = 0; i < 12; ++i) store.setdefault("p" + std::to_string(i), filled(i));
  store.setdefault("scale", filled(2), constraints::positive);
  const at::Tensor pending = store.unconstrained("p3");
  {
    c10::AutoGradMode no_grad(false);
    pending.add_(10);
  }
  const auto before = store.named_parameters();
  std::vector<at::Tensor> contents;
  for (const auto& item : before) contents.push_back(item.value().detach().clone());
  CHECK(store.param_name(pending) == "p3");  // the index of leaves has to go back too
  bool clear = false;
  SUBCASE("without clear") {}
  SUBCASE("with clear") { clear = true; }
  {
    std::optional<Batch> batch(store.batch());
    store.set("p0", filled(100));
    store.set("p0", filled(101));
    store.set("p1", filled(100, 7));  // another leaf
    store.erase("p2");
    store.set("p3", filled(100));  // what was pending
    store.erase("p4");
    store.setdefault("p4", filled(100, 5));
    {
      c10::AutoGradMode no_grad(false);
      store.unconstrained("p5").add_(1);
    }
    store.commit();
    {
      c10::AutoGradMode no_grad(false);
      store.unconstrained("p5").sub_(1);
    }
    for (int i = 0; i < 200; ++i) store.setdefault("new " + std::to_string(i), filled(i));
    store.set("scale", filled(3));
    if (clear) {
      store.clear();
      store.set("p6", filled(100));
      store.erase("p6");
      store.setdefault("p7", filled(1));
    }
    no_memory = true;
    batch.reset();
    no_memory = false;
  }
  const auto after = store.named_parameters();
  REQUIRE(after.keys() == before.keys());
  for (std::size_t i = 0; i < contents.size(); ++i) {
    INFO(after[i].key());
    CHECK(after[i].value().is_same(before[i].value()));
    CHECK(at::equal(after[i].value().detach(), contents[i]));
    CHECK(store.param_name(after[i].value()) == after[i].key());
  }
  // What was pending still is, also for the version counter.
  CHECK(at::equal(in_file(file, "p3"), filled(3)));
  store.commit();
  CHECK(at::equal(in_file(file, "p3"), filled(13)));
  CHECK(at::equal(in_file(file, "p0"), filled(0)));
  CHECK(store.size() == 13);
}

TEST_CASE("wherever memory runs out in a change, file and memory agree afterwards, and the store stays usable") {
  struct Operation {
    const char* name;
    void (*run)(ParamStore&);
  };
  const Operation operations[] = {
      {"setdefault", [](ParamStore& store) { store.setdefault("new", filled(5)); }},
      {"set", [](ParamStore& store) { store.set("w", filled(5)); }},
      {"set to another shape", [](ParamStore& store) { store.set("w", filled(5, 9)); }},
      {"set of a new name", [](ParamStore& store) { store.set("new", filled(5)); }},
      {"erase", [](ParamStore& store) { store.erase("w"); }},
      {"clear", [](ParamStore& store) { store.clear(); }},
      {"commit", [](ParamStore& store) { store.commit(); }},
      {"a batch",
       [](ParamStore& store) {
         auto batch = store.batch();
         store.set("w", filled(5));
         store.setdefault("new", filled(5));
         store.erase("v");
         store.commit();
         batch.commit();
       }},
  };
  const CapturedWarnings silence;
  int failures = 0;
  for (const Operation& operation : operations) {
    INFO(operation.name);
    bool failed = true;
    for (int n = 0; failed && n < 1000; ++n) {
      INFO(n);
      TemporaryStore file;
      ParamStore store(file.path(), StoreOptions().durability(Durability::process_crash));
      for (const char* name : {"u", "v", "w"}) store.setdefault(name, filled(1));
      store.unconstrained("u").data().add_(1);
      failed = false;
      const Revision revision = store.revision();
      try {
        calls_left = n;
        operation.run(store);
        failed = calls_left == -1;  // not everything that fails is the caller's to know
      } catch (const std::exception&) {
        failed = true;
        CHECK(store.revision() == revision);
      }
      calls_left = -1;
      failures += failed ? 1 : 0;
      const auto check = [&] {
        const ParamStore reader(file.path(), StoreOptions().read_only(true));
        const auto expected = reader.named_parameters();
        const auto found = store.named_parameters();
        CHECK(found.keys() == expected.keys());
        for (const auto& item : found) {
          if (const at::Tensor* value = expected.find(item.key())) CHECK(at::equal(item.value(), *value));
        }
      };
      REQUIRE_NOTHROW(store.commit());  // "u"
      check();
      REQUIRE_NOTHROW(operation.run(store));
      check();
    }
    CHECK_FALSE(failed);
  }
  MESSAGE(failures << " failures");
}

TEST_CASE("a name that only the index has is reported as damage, and ends the call") {
  TemporaryStore file;
  { ParamStore(file.path()).setdefault("ghost-parameter", filled(1)); }
  {
    std::fstream stream(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string contents{std::istreambuf_iterator<char>(stream), {}};
    const std::size_t row = contents.find("ghost-parameterreal");  // two columns
    REQUIRE(row != std::string::npos);
    stream.seekp(static_cast<std::streamoff>(row));
    stream << "other";
  }
  ParamStore store(file.path());
  CHECK(store.named_parameters().keys() == std::vector<std::string>{"other-parameter"});
  CHECK_THROWS_AS(store.setdefault("ghost-parameter", filled(1)), CorruptStore);
  CHECK_THROWS_AS(store.set("ghost-parameter", filled(1)), CorruptStore);
  auto batch = store.batch();
  CHECK_THROWS_AS(store.setdefault("ghost-parameter", filled(1)), CorruptStore);
  CHECK_NOTHROW(store.setdefault("new", filled(1)));
  batch.commit();
}

TEST_CASE("another thread that asks for what a batch has made waits for the batch's end") {
  TemporaryStore file;
  ParamStore store(file.path());
  store.setdefault("untouched", filled(1));
  store.setdefault("w", filled(1));
  store.setdefault("gone", filled(1));
  const auto seen_by_another = [&](std::optional<Batch>& batch, bool commit) {
    std::promise<void> started;
    auto other = std::async(std::launch::async, [&] {
      CHECK(at::equal(store["untouched"], filled(1)));  // waits for nobody
      started.set_value();
      const double w = store["w"][0].item().toDouble();
      return std::vector<double>{w, store.contains("gone") ? 1.0 : 0.0, store.contains("new") ? 1.0 : 0.0};
    });
    started.get_future().wait();
    CHECK(other.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
    if (commit) batch->commit();
    batch.reset();
    return other.get();
  };
  for (const bool commit : {false, true}) {
    std::optional<Batch> batch(store.batch());
    store.set("w", filled(2, 3));
    store.erase("gone");
    store.setdefault("new", filled(2));
    CHECK(store["w"][0].item().toDouble() == 2);
    CHECK(store.contains("new"));
    CHECK(seen_by_another(batch, commit) == (commit ? std::vector<double>{2, 0, 1} : std::vector<double>{1, 1, 0}));
  }
}

TEST_CASE("a batch of very many new parameters, one of which is refused, keeps the others") {
  TemporaryStore file;
  {
    ParamStore store(file.path());
    auto batch = store.batch();
    for (int i = 0; i < 500; ++i) {
      store.setdefault("p" + std::to_string(i), filled(i));
      CHECK_THROWS_AS(store.setdefault("bad", filled(-1), constraints::positive), ConstraintViolation);
      CHECK_THROWS_AS(store.setdefault(std::string(2000, 'x'), filled(1)), InvalidName);
    }
    batch.commit();
  }
  ParamStore again(file.path());
  CHECK(again.size() == 500);
  CHECK(at::equal(again["p499"], filled(499)));
}

}  // namespace
