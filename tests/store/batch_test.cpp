// What a batch writes down about its commit, and what cannot be done while one is open.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "store/temporary_store.h"

namespace {

using paramstore::CommitOptions;
using paramstore::ParamStore;

/// Step and message of the newest commit.
std::pair<std::optional<std::int64_t>, std::optional<std::string>> newest_commit(const ParamStore& store) {
  for (const auto& row : store.query("SELECT step, message FROM commits ORDER BY revision DESC LIMIT 1")) {
    return {row.is_null(0) ? std::nullopt : std::optional(row.get<std::int64_t>(0)),
            row.is_null(1) ? std::nullopt : std::optional(row.get<std::string>(1))};
  }
  return {};
}

TEST_CASE("step and message of a commit inside a batch are the batch's") {
  TemporaryStore file;
  ParamStore store(file.path());
  const at::Tensor leaf = store.setdefault("w", at::zeros({1}));
  auto batch = store.batch();
  store.set("v", at::ones({1}));
  store.commit(CommitOptions().step(7).message("half"));
  leaf.data().add_(1);
  store.commit(CommitOptions().message("whole"));
  batch.commit();
  const auto [step, message] = newest_commit(store);
  CHECK(step == 7);
  CHECK(message == "whole");
}

TEST_CASE("a batch's own commit may have a step and a message") {
  ParamStore store = ParamStore::in_memory();
  auto batch = store.batch();
  store.set("v", at::ones({1}));
  store.commit(CommitOptions().step(1).message("inside"));
  batch.commit(CommitOptions().step(2));
  CHECK(newest_commit(store).first == 2);
  CHECK(newest_commit(store).second == "inside");
}

TEST_CASE("a commit inside a batch that fails leaves the batch's step and message as they were") {
  TemporaryStore file;
  ParamStore store(file.path());
  const at::Tensor leaf = store.setdefault("w", at::zeros({1}));
  ParamStore(file.path()).set("w", at::ones({1}));
  leaf.data().add_(5);
  auto batch = store.batch();
  store.set("v", at::ones({1}));
  store.commit(CommitOptions(paramstore::Conflict::overwrite).step(1).message("first"));
  ParamStore reader(file.path(), paramstore::StoreOptions().read_only(true));
  CHECK(newest_commit(reader).first == std::nullopt);
  leaf.set_requires_grad(false);
  leaf.set_data(at::zeros({1}, at::kLong));
  CHECK_THROWS_AS(store.commit(CommitOptions().step(2).message("second")), paramstore::UnsupportedTensor);
  leaf.set_data(at::zeros({1}));
  batch.commit();
  const auto [step, message] = newest_commit(store);
  CHECK(step == 1);
  CHECK(message == "first");
}

TEST_CASE("a scope that must be attached cannot be entered while a batch is open, and the error says so") {
  TemporaryStore file;
  ParamStore store(file.path());
  auto batch = store.batch();
  store.set("w", at::ones({1}));
  paramstore::StateDict state;
  const auto refused = [&](const auto& enter) {
    try {
      enter();
      FAIL("expected Error");
    } catch (const paramstore::Error& error) {
      const std::string message = error.what();
      CHECK(message.find("batch") != std::string::npos);
      CHECK(message.find("commit it") != std::string::npos);
      CHECK(message.find(file.path().string()) != std::string::npos);
    }
  };
  refused([&] { static_cast<void>(store.scope()); });
  refused([&] { static_cast<void>(store.scope("fold-1")); });
  refused([&] { static_cast<void>(store.scope(state)); });
  batch.commit();
  CHECK(store.scopes().empty());
}

}  // namespace
