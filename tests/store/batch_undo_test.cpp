// What a batch that does not commit leaves in memory, and what other threads see meanwhile.
#include <ATen/ATen.h>
#include <c10/core/TensorImpl.h>
#include <torch/nn/module.h>

#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <string>
#include <utility>
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

double first_of(const at::Tensor& tensor) { return tensor.flatten()[0].item().toDouble(); }

TEST_CASE("another thread waits for the batch's end to see a value that memory could not take") {
  // The ways to read the parameter again inside the batch.
  using Read = void (*)(ParamStore & store);
  const std::vector<Read> reads{
      [](ParamStore& store) { static_cast<void>(store["w"]); },
      [](ParamStore& store) { static_cast<void>(store.named_parameters()); },
      [](ParamStore& store) {
        static_cast<void>(std::vector<std::string>(store.keys().begin(), store.keys().end()));
        static_cast<void>(store["w"]);
      },
  };
  for (const Read read : reads) {
    for (const bool commit : {false, true}) {
      TemporaryStore file;
      ParamStore store(file.path());
      const Unwritable set_in_stone(store.setdefault("w", filled(1)));
      const CapturedWarnings warnings;
      std::optional<Batch> batch(store.batch());
      store.set("w", filled(2));
      REQUIRE(warnings.messages.size() == 1);
      read(store);
      CHECK(first_of(store["w"]) == 2);
      auto other = std::async(std::launch::async, [&] { return first_of(store["w"]); });
      CHECK(other.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
      if (commit) batch->commit();
      batch.reset();
      CHECK(other.get() == (commit ? 2 : 1));

      // It is like any other parameter now: nobody waits for a later batch.
      batch.emplace(store.batch());
      auto later = std::async(std::launch::async, [&] { return first_of(store["w"]); });
      CHECK(later.wait_for(std::chrono::seconds(60)) == std::future_status::ready);
      batch.reset();
    }
  }
}

TEST_CASE("what was committed inside a dropped batch and read again there is read from the file afterwards") {
  TemporaryStore file;
  ParamStore store(file.path());
  const at::Tensor leaf = store.setdefault("w", filled(1));
  const CapturedWarnings warnings;
  {
    auto batch = store.batch();
    leaf.data().fill_(2);
    store.commit();
    const Unwritable set_in_stone(leaf);
    store.set("w", filled(3));
    CHECK(first_of(store["w"]) == 3);
    CHECK_FALSE(store.unconstrained("w").is_same(leaf));
    store.erase("w");
    store.setdefault("w", filled(4));
  }
  store.commit();  // what was pending in the leaf before
  CHECK(first_of(store["w"]) == first_of(ParamStore(file.path(), StoreOptions().read_only(true))["w"]));
  store.set("w", filled(5));
  CHECK(first_of(ParamStore(file.path(), StoreOptions().read_only(true))["w"]) == 5);
}

TEST_CASE("a dropped batch restores a leaf's contents before another thread can get the leaf") {
  ParamStore store = ParamStore::in_memory();
  const at::Tensor leaf = store.setdefault("w", at::ones({2, 3}));
  leaf.set_data(at::ones({3, 2}).t());  // restored by copy_, which the hook sees
  std::future<double> seen;
  std::optional<Batch> batch(store.batch());
  store.set("w", at::full({2, 3}, 3.0));
  CHECK(first_of(leaf) == 3);
  {
    const CopyHook hook([&](const at::Tensor& destination) {
      if (destination.data_ptr() != leaf.data_ptr()) return;
      seen = std::async(std::launch::async, [&] { return first_of(store["w"]); });
      seen.wait_for(std::chrono::milliseconds(200));  // time enough to see the batch's value, if it could
    });
    batch.reset();
  }
  REQUIRE(seen.valid());
  CHECK(seen.get() == 1);
  CHECK(store.unconstrained("w").is_same(leaf));
}

/// A tensor that runs a function before it takes over another's memory.
struct WatchedTensor : c10::TensorImpl {
  explicit WatchedTensor(const at::Tensor& like)
      : c10::TensorImpl(c10::Storage(like.storage()), like.key_set(), like.dtype()) {
    set_sizes_and_strides(like.sizes(), like.strides());
  }
  void shallow_copy_from(const c10::intrusive_ptr<c10::TensorImpl>& other) override {
    if (before) before();
    c10::TensorImpl::shallow_copy_from(other);
  }
  std::function<void()> before;
};

TEST_CASE("a dropped batch takes a module's tensor out of the store before the tensor gets its own values back") {
  struct Net : torch::nn::Module {
    explicit Net(const at::Tensor& weight) { register_parameter("weight", weight); }
  };
  ParamStore store = ParamStore::in_memory();
  const at::Tensor leaf = store.setdefault("m$$$weight", filled(1));
  const auto watched = c10::make_intrusive<WatchedTensor>(filled(3));
  at::Tensor tensor{watched};
  tensor.set_requires_grad(true);
  Net net(tensor);
  std::future<at::Tensor> seen;
  {
    const auto batch = store.batch();
    store.module("m", net, /*update_module_params=*/true);
    CHECK(store.unconstrained("m$$$weight").is_same(tensor));
    CHECK(first_of(tensor) == 1);
    watched->before = [&] {
      seen = std::async(std::launch::async, [&] { return store.unconstrained("m$$$weight"); });
      seen.wait();
    };
  }
  watched->before = nullptr;
  REQUIRE(seen.valid());
  CHECK(seen.get().is_same(leaf));
  CHECK(first_of(leaf) == 1);
  CHECK(first_of(tensor) == 3);
}

TEST_CASE("after a full disk has ended a batch's transaction, the store sees what others commit") {
  TemporaryStore file;
  TestVfs vfs;
  vfs.make_default();
  vfs.really_sync = false;
  ParamStore store(file.path());
  const at::Tensor leaf = store.setdefault("w", filled(1));
  {
    auto batch = store.batch();
    store.set("w", filled(2));
    vfs.before = [](TestVfs::Operation operation) {
      return operation == TestVfs::Operation::write ? SQLITE_FULL : SQLITE_OK;
    };
    const auto write_much = [&] {
      // More than fits SQLite's cache, so that it writes before the commit.
      for (int i = 0; i < 200; ++i) store.set("large " + std::to_string(i), filled(4, 250'000));
    };
    CHECK_THROWS_AS(write_much(), StorageError);
    vfs.before = nullptr;
    // The batch's transaction is over. This one gets the same revision, and the batch goes on reading.
    ParamStore(file.path()).set("w", filled(9));
    CHECK(store.contains("w"));
    static_cast<void>(store.named_parameters());
    static_cast<void>(store.contains("another"));
    CHECK_THROWS_AS(store.set("w", filled(3)), Error);
    CHECK_THROWS_AS(batch.commit(), Error);
  }
  store.refresh();
  CHECK(first_of(store["w"]) == 9);
  CHECK(store.unconstrained("w").is_same(leaf));
  CHECK(store.size() == 1);
  store.set("w", filled(10));
  CHECK(first_of(ParamStore(file.path(), StoreOptions().read_only(true))["w"]) == 10);
}

}  // namespace
