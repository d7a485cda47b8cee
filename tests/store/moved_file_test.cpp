// A store whose file is deleted or replaced while it is open.
#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "store/temporary_store.h"
#include "store/warnings.h"

namespace {

namespace fs = std::filesystem;
using namespace paramstore;

template <class Call>
std::string refusal(const Call& call) {
  try {
    call();
  } catch (const StorageError& error) {
    return error.what();
  }
  return "no StorageError";
}

bool refused(const std::string& message, const fs::path& path) {
  return message.find(path.string() + ": was deleted, moved or replaced") != std::string::npos;
}

}  // namespace

TEST_CASE("what is pending when the file is gone can be saved elsewhere") {
  const TemporaryStore folder;
  const fs::path saved = folder.folder() / "saved.params.db";
  auto store = std::make_unique<ParamStore>(folder.path());
  store->setdefault("w", at::zeros({3}));
  const at::Tensor leaf = store->unconstrained("w");
  leaf.detach().fill_(1);

  SUBCASE("deleted") { fs::remove(folder.path()); }
  SUBCASE("replaced") {
    const fs::path other = folder.folder() / "other.params.db";
    ParamStore(other).setdefault("theirs", at::ones({2}));
    fs::rename(other, folder.path());
  }
  const bool replaced = fs::exists(folder.path());

  CHECK(refused(refusal([&] { store->commit(); }), folder.path()));
  CHECK(refused(refusal([&] { store->set("w", at::full({3}, 2.0)); }), folder.path()));
  CHECK(refused(refusal([&] { store->setdefault("new", at::ones({1})); }), folder.path()));
  CHECK(refused(refusal([&] { store->erase("w"); }), folder.path()));
  CHECK(refused(refusal([&] { store->clear(); }), folder.path()));
  CHECK(refused(refusal([&] { const Batch batch = store->batch(); }), folder.path()));
  CHECK(refused(refusal([&] { store->close(); }), folder.path()));  // and stays open
  CHECK(store->unconstrained("w").is_same(leaf));
  CHECK(at::equal(leaf, at::ones({3})));
  CHECK(store->size() == 1);

  store->save(saved);
  CHECK(at::equal(ParamStore(saved).unconstrained("w"), at::ones({3})));
  {
    const CapturedWarnings warnings;
    store.reset();
    REQUIRE(warnings.messages.size() == 1);
    CHECK(refused(warnings.messages.front(), folder.path()));
  }
  if (replaced) {
    ParamStore now(folder.path());
    CHECK(now.size() == 1);
    CHECK(at::equal(now.unconstrained("theirs"), at::ones({2})));
  } else {
    CHECK(!fs::exists(folder.path()));
  }
}

TEST_CASE("what is pending in a scope whose file is gone can be saved elsewhere") {
  const TemporaryStore folder;
  const CapturedWarnings at_the_end;
  ParamStore store(folder.path());
  store.setdefault("main", at::zeros({1}));
  const fs::path file = folder.folder() / "model.params.scopes/fold.params.db";
  {
    const auto guard = store.scope("fold");
    store.setdefault("w", at::zeros({3}));
    store.unconstrained("w").detach().fill_(1);
    fs::remove(file);
    CHECK(refused(refusal([&] { store.commit(); }), file));
    store.save(folder.folder() / "saved.params.db");
  }
  CHECK(at::equal(ParamStore(folder.folder() / "saved.params.db").unconstrained("w"), at::ones({3})));
  store.set("main", at::ones({1}));  // the store's own file is where it was
  CHECK(refused(refusal([&] { store.close(); }), file));
}
