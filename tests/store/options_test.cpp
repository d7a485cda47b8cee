// What each option of a store does.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <type_traits>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "store/temporary_store.h"
#include "store/warnings.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>

namespace {

using namespace std::chrono_literals;
using paramstore::Mismatch;
using paramstore::ParamStore;
using paramstore::StoreOptions;
namespace constraints = paramstore::constraints;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("on_mismatch: an init of another shape, or another constraint, warns once a name by default") {
  ParamStore store = ParamStore::in_memory();
  store.setdefault("w", at::ones({2}), constraints::positive);
  CapturedWarnings warnings;
  store.setdefault("w", at::ones({2}), constraints::positive);
  store.setdefault("w", at::ones({2}));  // none given explicitly
  store.setdefault("w", [] { return at::ones({7}); });
  CHECK(warnings.messages.empty());
  CHECK(store.setdefault("w", at::ones({3})).sizes() == at::IntArrayRef({2}));
  REQUIRE(warnings.messages.size() == 1);
  CHECK(contains(warnings.messages[0], "'w'"));
  CHECK(contains(warnings.messages[0], "[2]"));
  CHECK(contains(warnings.messages[0], "[3]"));
  store.setdefault("w", at::ones({2}), constraints::real);
  CHECK(warnings.messages.size() == 1);
  store.setdefault("v", at::ones({2}));
  store.setdefault("v", at::ones({2}), constraints::positive);
  REQUIRE(warnings.messages.size() == 2);
  CHECK(contains(warnings.messages[1], "positive"));
}

TEST_CASE("on_mismatch: an init of another dtype warns as one of another shape does") {
  ParamStore store = ParamStore::in_memory();
  store.setdefault("w", at::ones({2}, at::kDouble));
  CapturedWarnings warnings;
  CHECK((store.setdefault("w", at::ones({2})).scalar_type() == at::kDouble));
  REQUIRE(warnings.messages.size() == 1);
  CHECK(contains(warnings.messages[0], "'w'"));
  CHECK(contains(warnings.messages[0], "dtype Double"));
  CHECK(contains(warnings.messages[0], "dtype Float"));
  ParamStore strict = ParamStore::in_memory(StoreOptions().on_mismatch(Mismatch::error));
  strict.setdefault("w", at::ones({2}), constraints::positive);
  CHECK_THROWS_AS(strict.setdefault("w", at::ones({2}, at::kDouble)), paramstore::Error);
  CHECK_THROWS_WITH_AS(strict.setdefault("w", at::ones({3}, at::kDouble), constraints::real),
                       doctest::Contains("with shape [2], and the init given has shape [3]; with dtype Float, and the "
                                         "init given has dtype Double; under "),
                       paramstore::Error);
}

TEST_CASE("a commit takes a step, a message or options") {
  ParamStore store = ParamStore::in_memory();
  const auto last = [&] {
    return store.query("SELECT step, message FROM commits ORDER BY revision DESC LIMIT 1")
        .one()
        .to_tuple<std::optional<std::int64_t>, std::optional<std::string>>();
  };
  store.set("w", at::ones({2}));
  store.commit(100);
  CHECK(last() == std::tuple(std::optional<std::int64_t>(100), std::optional<std::string>()));
  store.commit(0);
  CHECK(last() == std::tuple(std::optional<std::int64_t>(0), std::optional<std::string>()));
  store.commit("warm-up done");
  CHECK(last() == std::tuple(std::optional<std::int64_t>(), std::optional<std::string>("warm-up done")));
  store.commit(std::string("done"));
  CHECK(last() == std::tuple(std::optional<std::int64_t>(), std::optional<std::string>("done")));
  {
    auto batch = store.batch();
    batch.set("w", at::zeros({2}));
    batch.commit(std::size_t{7});
  }
  CHECK(last() == std::tuple(std::optional<std::int64_t>(7), std::optional<std::string>()));
  const auto revision = store.revision();
  CHECK(store.commit(paramstore::Conflict::overwrite) == revision);
  CHECK(store.commit({}) == revision);
  static_assert(!std::is_convertible_v<bool, paramstore::CommitOptions>);
  static_assert(!std::is_convertible_v<double, paramstore::CommitOptions>);
}

TEST_CASE("on_mismatch(error) throws and changes nothing; on_mismatch(ignore) says nothing") {
  ParamStore strict = ParamStore::in_memory(StoreOptions().on_mismatch(Mismatch::error));
  strict.setdefault("w", at::ones({2}));
  CHECK_THROWS_AS(strict.setdefault("w", at::ones({3})), paramstore::Error);
  CHECK(strict["w"].sizes() == at::IntArrayRef({2}));
  ParamStore lenient = ParamStore::in_memory(StoreOptions().on_mismatch(Mismatch::ignore));
  lenient.setdefault("w", at::ones({2}));
  CapturedWarnings warnings;
  lenient.setdefault("w", at::ones({3}), constraints::positive);
  CHECK(warnings.messages.empty());
}

TEST_CASE("a value outside its constraint is refused, with the name, the constraint, the value and its index") {
  TemporaryStore file;
  ParamStore store(file.path());
  store.setdefault("scale", at::ones({2, 3}), constraints::positive);
  const auto before = store.revision();
  auto wrong = at::ones({2, 3});
  wrong[1][2] = -0.5;
  try {
    store.set("scale", wrong);
    FAIL("expected ConstraintViolation");
  } catch (const paramstore::ConstraintViolation& error) {
    CHECK(error.name() == "scale");
    CHECK(error.constraint_tag() == "positive");
    CHECK(error.index() == std::vector<std::int64_t>{1, 2});
    INFO(std::string(error.what()));
    CHECK(contains(error.what(), "-0.5"));
    CHECK(contains(error.what(), "[1, 2]"));
    CHECK(contains(error.what(), file.path().string()));
  }
  CHECK(at::equal(store["scale"], at::ones({2, 3})));
  CHECK(store.revision() == before);
  CHECK_THROWS_AS(store.setdefault("new", at::full({1}, -1.0), constraints::positive), paramstore::ConstraintViolation);
  CHECK_FALSE(store.contains("new"));
  CHECK_THROWS_AS(store.set("real", at::full({1}, std::nan(""))), paramstore::ConstraintViolation);
}

TEST_CASE("validate(false) stores the inverse of a value outside the constraint, as Pyro does") {
  ParamStore store = ParamStore::in_memory(StoreOptions().validate(false));
  store.setdefault("scale", at::full({1}, -1.0), constraints::positive);
  CHECK(store["scale"].isnan().all().item().toBool());
}

TEST_CASE("detect(version_counter) sees optimizers, but not changes that bypass the counter, as documented") {
  TemporaryStore file;
  ParamStore store(file.path(), StoreOptions().detect(paramstore::Detect::version_counter));
  store.setdefault("counted", at::zeros({2}));
  store.setdefault("past", at::zeros({2}));
  const auto before = store.revision();
  {
    at::NoGradGuard no_grad;
    store.unconstrained("counted").add_(1);
  }
  store.unconstrained("past").data().add_(1);
  CHECK(store.commit() == before + 1);
  CHECK(store.commit() == before + 1);
  ParamStore other(file.path());
  CHECK(at::equal(other["counted"], at::ones({2})));
  CHECK(at::equal(other["past"], at::zeros({2})));
}

TEST_CASE("commit_every: a call on the store writes what is pending, once the time has passed") {
  TemporaryStore file;
  ParamStore store(file.path(), StoreOptions().commit_every(20ms));
  store.setdefault("w", at::zeros({2}));
  const auto leaf = store.unconstrained("w");
  const auto before = store.revision();
  leaf.data().add_(1);
  std::this_thread::sleep_for(25ms);
  CHECK(ParamStore(file.path()).revision() == before);  // nothing happens between calls
  CHECK(store.contains("w"));
  CHECK(at::equal(ParamStore(file.path())["w"], at::ones({2})));
  CHECK(store.revision() == before + 1);
  std::this_thread::sleep_for(25ms);
  CHECK(store.contains("w"));
  CHECK(store.revision() == before + 1);  // nothing changed, nothing written
}

TEST_CASE("commit_every: changes made by name in between do not put off the commit of what changed in place") {
  TemporaryStore file;
  ParamStore store(file.path(), StoreOptions().commit_every(20ms));
  const at::Tensor leaf = store.setdefault("w", at::zeros({2}));
  leaf.data().add_(1);
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(10ms);
    store.set("loss", at::full({}, static_cast<double>(i)));
  }
  CHECK(at::equal(ParamStore(file.path())["w"], at::ones({2})));
}

TEST_CASE("a read-only store refuses every change and keeps what is changed in place to itself") {
  TemporaryStore file;
  { ParamStore(file.path()).setdefault("w", at::zeros({2})); }
  {
    ParamStore store(file.path(), StoreOptions().read_only(true));
    CHECK_THROWS_AS(store.set("w", at::ones({2})), paramstore::Error);
    CHECK_THROWS_AS(store.setdefault("v", at::ones({2})), paramstore::Error);
    CHECK_THROWS_AS(store.erase("w"), paramstore::Error);
    CHECK_THROWS_AS(store.clear(), paramstore::Error);
    CHECK_THROWS_AS(store.batch(), paramstore::Error);
    CHECK(at::equal(store.setdefault("w", at::ones({2})), at::zeros({2})));
    store.unconstrained("w").data().add_(1);
    CHECK_THROWS_AS(store.commit(), paramstore::Error);
    auto scratch = store.scope();
    store.set("w", at::ones({1}));
    CHECK(store.size() == 1);
  }
  CHECK(at::equal(ParamStore(file.path())["w"], at::zeros({2})));
  CHECK_THROWS_AS(ParamStore(file.folder() / "none.db", StoreOptions().read_only(true)), paramstore::StorageError);
}

TEST_CASE("destroying a store commits what is pending, but not while an exception unwinds") {
  TemporaryStore file;
  {
    ParamStore store(file.path());
    store.setdefault("w", at::zeros({2}));
    store.unconstrained("w").data().add_(1);
  }
  CHECK(at::equal(ParamStore(file.path())["w"], at::ones({2})));
  try {
    ParamStore store(file.path());
    store.unconstrained("w").data().add_(1);
    throw std::runtime_error("training failed");
  } catch (const std::runtime_error&) {
  }
  CHECK(at::equal(ParamStore(file.path())["w"], at::ones({2})));
}

TEST_CASE("close commits every scope once; later calls are errors, and tensors stay valid") {
  TemporaryStore file;
  ParamStore store(file.path());
  const auto w = store.setdefault("w", at::zeros({2}));
  w.data().add_(1);
  {
    auto guard = store.scope("fold");
    store.setdefault("w", at::zeros({1})).data().add_(2);
  }
  store.close();
  store.close();
  CHECK(at::equal(w, at::ones({2})));
  CHECK_THROWS_AS(store["w"], paramstore::Error);
  CHECK_THROWS_AS(store.set("w", at::ones({2})), paramstore::Error);
  CHECK_THROWS_AS(store.size(), paramstore::Error);
  ParamStore again(file.path());
  CHECK(at::equal(again["w"], at::ones({2})));
  auto guard = again.scope("fold");
  CHECK(at::equal(again["w"], at::full({1}, 2.0)));
}

TEST_CASE("step and message of a commit are recorded, even if no parameter changed") {
  TemporaryStore file;
  ParamStore store(file.path());
  const auto first = store.commit(paramstore::CommitOptions().step(7).message("warm-up done"));
  CHECK(first == 1);
  CHECK(store.commit() == first);
}

}  // namespace
