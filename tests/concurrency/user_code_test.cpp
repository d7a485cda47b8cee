// Code of the user's, which a store runs, may wait for other threads that use the store.
#include <ATen/ATen.h>
#include <sqlite3.h>
#include <torch/nn/modules/linear.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "store/temporary_store.h"
#include "store/warnings.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>

namespace {

using paramstore::ParamStore;
namespace constraints = paramstore::constraints;

/// Runs `action` on a thread of its own, to its end. Throws if it does not get there: then it waits for us.
void on_another_thread(const std::function<void()>& action) {
  auto done = std::make_shared<std::promise<void>>();
  std::future<void> end = done->get_future();
  std::thread([done, action] {
    try {
      action();
      done->set_value();
    } catch (...) {
      done->set_exception(std::current_exception());
    }
  }).detach();
  if (end.wait_for(std::chrono::seconds(20)) != std::future_status::ready) throw std::runtime_error("a deadlock");
  end.get();
}

/// What the constraint `calling` does whenever one of its functions is called.
std::function<void(const char* function)> when_called;
void call(const char* function) {
  if (when_called) when_called(function);
}

const paramstore::Constraint& calling() {
  static const paramstore::Constraint constraint = [] {
    paramstore::ConstraintDefinition definition;
    definition.check = [](const at::Tensor& value) {
      call("check");
      return value > 0;
    };
    definition.forward = [](const at::Tensor& unconstrained) {
      call("forward");
      return unconstrained.exp();
    };
    definition.inverse = [](const at::Tensor& value) {
      call("inverse");
      return value.log();
    };
    return paramstore::register_constraint("calling", definition);
  }();
  return constraint;
}

/// Sets `when_called` for as long as it lives.
struct WhenCalled {
  explicit WhenCalled(std::function<void(const char*)> action) { when_called = std::move(action); }
  ~WhenCalled() { when_called = nullptr; }
};

at::Tensor filled(double value) { return at::full({3}, value); }

TEST_CASE("a constraint's functions and an initialiser may wait for a thread that changes the store") {
  TemporaryStore file;
  ParamStore store(file.path());
  store.setdefault("other", filled(0));
  int calls = 0;
  const auto use_the_store = [&](const char*) {
    ++calls;
    on_another_thread([&] {
      store.set("other", store["other"].detach() + 1);
      store.setdefault("made by " + std::to_string(calls), filled(1));
      if (!store.contains("other") || store.size() < 2) throw std::runtime_error("where is it?");
      store.commit();
      store.refresh();
    });
  };
  const auto own_thread_too = [&](const char* function) {
    use_the_store(function);
    store.set("own", filled(calls));
  };
  const WhenCalled guard(own_thread_too);

  store.setdefault(
      "w",
      [&] {
        own_thread_too("init");
        return filled(2);
      },
      calling());
  CHECK(at::allclose(store["w"], filled(2)));
  store.set("w", filled(3));
  CHECK(at::allclose(store["w"], filled(3)));
  CHECK(store.match("w").size() == 1);
  for (const auto& [name, value] : store.items()) CHECK(value.defined());
  store.save(file.folder() / "copy.db");
  store.load(file.folder() / "copy.db");
  store.set_state(store.get_state());
  CHECK(calls >= 8);
}

TEST_CASE("inside a batch, too, user functions may wait for a thread that reads what is in memory") {
  TemporaryStore file;
  ParamStore store(file.path());
  store.setdefault("other", filled(5));
  int calls = 0;
  const auto read_the_store = [&](const char*) {
    ++calls;
    on_another_thread([&] {
      if (!store.contains("other")) throw std::runtime_error("it is not there");
      if (store["other"][0].item().toDouble() != 5) throw std::runtime_error("it has another value");
    });
  };
  const WhenCalled guard(read_the_store);
  auto batch = store.batch();
  store.setdefault(
      "w",
      [&] {
        read_the_store("init");
        return filled(2);
      },
      calling());
  store.set("w", filled(3));
  CHECK(at::allclose(store["w"], filled(3)));
  batch.commit();
  CHECK(calls >= 6);
  CHECK(at::allclose(ParamStore(file.path())["w"], filled(3)));
}

class CallingHandler : public CapturedWarnings {
 public:
  explicit CallingHandler(std::function<void()> action) : action_(std::move(action)) {}
#if TORCH_VERSION_MAJOR >= 2
  void process(const c10::Warning& warning) override {
    CapturedWarnings::process(warning);
    action_();
  }
#else
  void process(const c10::SourceLocation& where, const std::string& message, const bool verbatim) override {
    CapturedWarnings::process(where, message, verbatim);
    action_();
  }
#endif

 private:
  std::function<void()> action_;
};

TEST_CASE("a handler of warnings may call the store that warns") {
  ParamStore store = ParamStore::in_memory();
  torch::nn::Linear net(2, 2);
  store.module("net", net);
  net->bias.set_requires_grad(false);
  torch::nn::Linear other(3, 2);
  const CallingHandler handler([&] {
    on_another_thread([&] { store.set("other", filled(1)); });
    store.size();
  });
  store.module("net", net);    // the bias needs no gradients
  store.module("net", other);  // the weight has another shape, the bias other contents
  CHECK(handler.messages.size() == 3);
}

TEST_CASE("a handler of warnings that throws ends neither the process nor the call") {
  ParamStore store = ParamStore::in_memory();
  torch::nn::Linear net(2, 2);
  torch::nn::Linear other(2, 2);
  store.module("net", net);
  const CallingHandler handler([] { throw std::runtime_error("warnings are errors"); });
  store.module("net", other);  // warned of after the store's mutex is free
  CHECK(handler.messages.size() == 1);
  CHECK(store.size() == 2);
}

TEST_CASE("a handler of warnings may read the parameter whose device is missing") {
  if (at::hasCUDA()) return;
  TemporaryStore file;
  {
    ParamStore store(file.path());
    store.setdefault("a", filled(1));
  }
  sqlite3* tool = nullptr;
  REQUIRE(sqlite3_open(file.path().c_str(), &tool) == SQLITE_OK);
  REQUIRE(sqlite3_exec(tool, "UPDATE params SET device = 'cuda:7'", nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(tool);
  ParamStore theirs(file.path());
  ParamStore store = ParamStore::in_memory();
  float seen = 0;
  const CallingHandler handler([&] { seen = theirs["a"].sum().item<float>(); });
  store.load(file.path());
  CHECK(handler.messages.size() == 1);
  CHECK(seen == doctest::Approx(filled(1).sum().item<float>()));
}

TEST_CASE("an inverse that keeps what it returns shares no memory with a parameter") {
  const auto kept = filled(0);
  paramstore::ConstraintDefinition definition;
  definition.check = [](const at::Tensor& value) { return value == value; };
  definition.forward = [](const at::Tensor& u) { return u + 1; };
  definition.inverse = [kept](const at::Tensor&) { return kept; };
  const auto constraint = paramstore::register_constraint("keeps_its_inverse", definition);
  ParamStore store = ParamStore::in_memory();
  store.setdefault("a", filled(1), constraint);
  store.setdefault("b", filled(1), constraint);
  CHECK_FALSE(store.unconstrained("a").is_alias_of(kept));
  CHECK_FALSE(store.unconstrained("a").is_alias_of(store.unconstrained("b")));
}

TEST_CASE("set checks the value again if the parameter has another constraint by then") {
  TemporaryStore file;
  ParamStore store(file.path());
  store.setdefault("w", filled(2), calling());
  bool replaced = false;
  const WhenCalled guard([&](const char* function) {
    if (replaced || std::string(function) != "inverse") return;
    replaced = true;
    on_another_thread([&] {
      store.erase("w");
      store.setdefault("w", filled(0.5), constraints::unit_interval);
    });
  });
  CHECK_THROWS_AS(store.set("w", filled(3)), paramstore::ConstraintViolation);
  CHECK(store.constraint("w") == constraints::unit_interval);
  CHECK(at::allclose(store["w"], filled(0.5)));
  store.set("w", filled(0.25));
  CHECK(at::allclose(ParamStore(file.path())["w"], filled(0.25)));
}

TEST_CASE("set of a new name becomes a set of the parameter that another thread has made meanwhile") {
  ParamStore store = ParamStore::in_memory();
  std::atomic<int> ready{0};
  for (int round = 0; round < 200; ++round) {
    const std::string name = "w" + std::to_string(round);
    ready = 0;
    const auto set = [&](double value) {
      ++ready;
      while (ready < 2) {
      }
      store.set(name, filled(value));
    };
    auto other = std::async(std::launch::async, set, 1.0);
    set(2.0);
    other.get();
    CHECK(store.contains(name));
  }
  CHECK(store.size() == 200);
}

}  // namespace
