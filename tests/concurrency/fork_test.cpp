// A process that forks while it has stores open.
#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "paramstore/primitives.h"
#include "store/temporary_store.h"

namespace {

using namespace paramstore;

// The status of a child that runs `action`: 0 if that is true, and destructors of what is static did no harm.
int status_in_child(const std::function<bool()>& action) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) std::exit(action() ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

// The same for one that ends at once.
int status_in_killed_child(const std::function<bool()>& action) {
  return status_in_child([&]() -> bool { _exit(action() ? 0 : 1); });
}

bool refuses(const std::function<void()>& call) {
  try {
    call();
  } catch (const StorageError&) {
    return false;
  } catch (const Error& error) {
    const std::string message = error.what();
    const bool told = message.find("was opened by process " + std::to_string(getppid())) != std::string::npos &&
                      message.find("open it again") != std::string::npos;
    if (!told) std::fputs((message + "\n").c_str(), stderr);
    return told;
  }
  return false;
}

}  // namespace

TEST_CASE("in a forked child every call of a store throws") {
  const TemporaryStore folder;
  ParamStore store(folder.path());
  store.setdefault("w", at::zeros({3}));
  StateDict state = store.get_state();
  auto rows = store.query("SELECT name FROM params");
  const auto names = store.keys();
  auto name = names.begin();
  Batch batch = store.batch();
  const std::function<void()> calls[] = {[&] { store["w"]; },
                                         [&] { store.get_param("w"); },
                                         [&] { store.setdefault("new", at::zeros({1})); },
                                         [&] { store.set("w", at::ones({3})); },
                                         [&] { store.erase("w"); },
                                         [&] { store.clear(); },
                                         [&] { store.contains("w"); },
                                         [&] { store.unconstrained("w"); },
                                         [&] { store.constraint("w"); },
                                         [&] { store.param_name(at::zeros({1})); },
                                         [&] { store.size(); },
                                         [&] { store.keys(); },
                                         [&] { ++name; },
                                         [&] { store.parameters(); },
                                         [&] { store.match("w"); },
                                         [&] { store.get_state(); },
                                         [&] { store.set_state(state); },
                                         [&] { store.save(folder.folder() / "saved.params.db"); },
                                         [&] { store.load(folder.path()); },
                                         [&] { const auto guard = store.scope(); },
                                         [&] { const auto guard = store.scope("s"); },
                                         [&] { store.scopes(); },
                                         [&] { store.drop_scope("s"); },
                                         [&] { store.query("SELECT 1"); },
                                         [&] { rows.one(); },
                                         [&] { store.commit(); },
                                         [&] { batch.commit(); },
                                         [&] { batch.set("w", at::ones({3})); },
                                         [&] { store.refresh(); },
                                         [&] { store.revision(); },
                                         [&] { store.close(); }};
  std::size_t number = 0;
  for (const auto& call : calls) {
    CAPTURE(number++);
    CHECK(status_in_killed_child([&] { return refuses(call); }) == 0);
  }
  batch.set("w", at::ones({3}));
  batch.commit();
  CHECK(at::equal(store["w"], at::ones({3})));
  CHECK(rows.one().get<std::string>(0) == "w");
}

TEST_CASE("a forked child that exits or destroys a store commits nothing, and the parent goes on") {
  const TemporaryStore folder;
  auto store = std::make_shared<ParamStore>(folder.path());
  static std::shared_ptr<ParamStore> until_exit;
  until_exit = store;
  store->setdefault("w", at::zeros({3}));
  std::optional<ScopeGuard> guard;
  guard.emplace(store->scope("fold"));
  store->setdefault("in scope", at::zeros({2}));
  store->unconstrained("in scope").detach().fill_(5);
  auto rows = std::make_unique<QueryRows>(store->query("SELECT name FROM params"));
  const Revision revision = ParamStore(folder.path()).revision();

  CHECK(status_in_child([] { return true; }) == 0);
  CHECK(status_in_child([&] {
          rows.reset();
          guard.reset();
          store.reset();
          until_exit.reset();
          return true;
        }) == 0);
  CHECK(status_in_child([&] {
          store.reset();
          until_exit.reset();
          guard.reset();
          rows.reset();
          return true;
        }) == 0);
  CHECK(status_in_child([&] {
          *store = ParamStore::in_memory();  // takes its place
          store->setdefault("w", at::zeros({1}));
          return store->size() == 1;
        }) == 0);
  guard.reset();
  {
    std::optional<Batch> batch;
    batch.emplace(store->batch());
    batch->set("w", at::ones({3}));
    CHECK(status_in_child([&] {
            batch.reset();
            return true;
          }) == 0);
    CHECK(status_in_child([&] {
            until_exit.reset();
            return true;
          }) == 0);
    CHECK(ParamStore(folder.path()).revision() == revision);
    batch->commit();
  }
  CHECK(store->revision() == revision + 1);
  CHECK(at::equal(ParamStore(folder.path())["w"], at::ones({3})));
  rows.reset();
  until_exit.reset();
  store->close();  // commits what was pending in the scope, which no child has
  ParamStore again(folder.path());
  const auto fold = again.scope("fold");
  CHECK(at::equal(again["in scope"], at::full({2}, 5.0)));
}

TEST_CASE("a forked child opens the store again, and sees and changes it beside its parent") {
  const TemporaryStore folder;
  ParamStore store(folder.path());
  store.setdefault("w", at::zeros({3}));
  CHECK(status_in_child([&] {
          ParamStore own(folder.path());
          own.set("w", at::ones({3}));
          own.setdefault("childs", at::ones({1}));
          return own.size() == 2;
        }) == 0);
  CHECK(store.refresh().added == std::vector<std::string>{"childs"});
  CHECK(at::equal(store["w"], at::ones({3})));
  store.set("w", at::zeros({3}));
  store.close();
  CHECK(ParamStore(folder.path()).size() == 2);
}

TEST_CASE("a forked child gives its process a store of its own") {
  const TemporaryStore folder;
  use_param_store(folder.path());
  param("w", at::zeros({3}));
  CHECK(status_in_child([&] {
          if (!refuses([] { param("w"); })) return false;
          use_param_store(folder.path());
          return at::equal(param("w"), at::zeros({3}));
        }) == 0);
  param("v", at::zeros({1}));
  CHECK(get_param_store().size() == 2);
  use_param_store(":memory:");
}
