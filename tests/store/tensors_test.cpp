// Which tensors can be parameters, and that they come back as they were.
#include <ATen/ATen.h>

#include <c10/core/InferenceMode.h>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "store/temporary_store.h"
#include "store/warnings.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>
#include <sqlite3.h>

namespace {

using paramstore::MapLocation;
using paramstore::ParamStore;
namespace constraints = paramstore::constraints;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void run_sql(const std::filesystem::path& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
  char* message = nullptr;
  const int code = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, &message);
  INFO(sql << ": " << std::string(message ? message : ""));
  sqlite3_free(message);
  sqlite3_close(handle);
  REQUIRE(code == SQLITE_OK);
}

TEST_CASE("leaves that are loaded together have memory of their own each, aligned, and grow like any other") {
  TemporaryStore file;
  {
    ParamStore store(file.path());
    for (int i = 0; i < 300; ++i) store.set(std::to_string(i), at::full({i % 40}, static_cast<double>(i)));
    store.set("scalar", at::full({}, 2.5));
    store.set("large", at::full({5'000}, 1.5));
  }
  ParamStore store(file.path());
  const auto leaves = store.parameters();
  REQUIRE(leaves.size() == 302);
  for (std::size_t i = 0; i < 300; ++i) {
    const at::Tensor& leaf = leaves[i];
    const std::int64_t size = static_cast<std::int64_t>(i) % 40;
    CHECK(leaf.sizes() == at::IntArrayRef{size});
    CHECK(at::equal(leaf, at::full({size}, static_cast<double>(i))));
    CHECK(leaf.storage_offset() == 0);
    CHECK(leaf.storage().nbytes() == static_cast<std::size_t>(size) * 4);
    CHECK(reinterpret_cast<std::uintptr_t>(leaf.data_ptr()) % 64 == 0);
    CHECK(leaf.is_leaf());
    if (i > 0) CHECK_FALSE(leaf.is_alias_of(leaves[i - 1]));
  }
  at::exp(leaves[39]).sum().backward();
  CHECK(at::allclose(leaves[39].grad(), at::exp(leaves[39])));
  leaves[39].data().resize_({1'000'000}).fill_(7);
  CHECK(at::equal(leaves[38], at::full({38}, 38.0)));
  CHECK(at::equal(leaves[40], at::full({0}, 0.0)));
  CHECK(at::equal(leaves[41], at::full({1}, 41.0)));
}

TEST_CASE("all six dtypes are read back bit for bit, with any shape and strides") {
  TemporaryStore file;
  const at::ScalarType types[] = {at::kHalf,   at::kBFloat16,     at::kFloat,
                                  at::kDouble, at::kComplexFloat, at::kComplexDouble};
  std::vector<std::pair<std::string, at::Tensor>> expected;
  {
    ParamStore store(file.path());
    const auto add = [&](const std::string& name, const at::Tensor& value) {
      store.setdefault(name, value);
      expected.emplace_back(name, value.detach().clone(at::MemoryFormat::Contiguous));
      CHECK(store.unconstrained(name).is_contiguous());
      CHECK_FALSE(store.unconstrained(name).is_alias_of(value));
    };
    for (const auto type : types) {
      const std::string name = c10::toString(type);
      const at::Tensor base = at::randn({4, 6}).to(type);
      add(name, base);
      add(name + " transposed", base.t());
      add(name + " strided", base.slice(1, 0, 6, 2));
      add(name + " expanded", base[0].expand({3, 6}));
      add(name + " scalar", base[0][0]);
      add(name + " empty", at::empty({0, 3}, type));
    }
    const at::Tensor z = at::randn({3}, at::kComplexFloat);
    store.setdefault("conjugate", z.conj());
    expected.emplace_back("conjugate", z.conj().resolve_conj());
    store.setdefault("imaginary", at::imag(z.conj()));
    expected.emplace_back("imaginary", at::imag(z).neg());
  }
  ParamStore again(file.path());
  CHECK(again.size() == expected.size());
  for (const auto& [name, value] : expected) {
    INFO(name);
    const at::Tensor leaf = again.unconstrained(name);
    CHECK(bool(leaf.scalar_type() == value.scalar_type()));
    CHECK(leaf.sizes() == value.sizes());
    CHECK(at::equal(leaf, value));
    CHECK(leaf.requires_grad());
  }
}

TEST_CASE("a tensor that cannot be a parameter is refused with the reason, and nothing is stored") {
  TemporaryStore file;
  ParamStore store(file.path());
  const auto refused = [&](const at::Tensor& value, const std::string& why) {
    try {
      store.set("w", value);
      FAIL("expected UnsupportedTensor: " << why);
    } catch (const paramstore::UnsupportedTensor& error) {
      CHECK(contains(error.what(), "'w'"));
      CHECK(contains(error.what(), file.path().string()));
      INFO(std::string(error.what()));
      CHECK(contains(error.what(), why));
    }
  };
  refused(at::Tensor(), "undefined");
  refused(at::ones({2}, at::kLong), "Long");
  refused(at::ones({2}, at::kBool), "Bool");
  refused(at::ones({2, 2}).to_sparse(), "sparse");
  refused(at::quantize_per_tensor(at::ones({2}), 0.1, 0, at::kQInt8), "quantized");
  refused(at::empty({2}, at::TensorOptions().device(at::kMeta)), "meta");
  CHECK(store.empty());
  CHECK_THROWS_AS(store.setdefault("w", [] { return at::Tensor(); }), paramstore::UnsupportedTensor);
  CHECK_THROWS_WITH(store.setdefault("w", []() -> at::Tensor { throw std::runtime_error("no value"); }), "no value");
  CHECK(store.empty());
  CHECK(store.revision() == 0);
}

TEST_CASE("leaves made under inference mode are ordinary ones") {
  TemporaryStore file;
  { ParamStore(file.path()).setdefault("stored", at::ones({2})); }
  ParamStore store(file.path());
  {
    c10::InferenceMode inference;
    store.setdefault("made", at::ones({2}), constraints::positive);
    CHECK(store["stored"].defined());
    CHECK(store["made"].defined());
  }
  for (const auto& leaf : store.parameters()) {
    CHECK_FALSE(leaf.is_inference());
    CHECK(leaf.requires_grad());
  }
  CHECK(store["made"].requires_grad());
}

TEST_CASE("opening reads no values: a damaged one spoils only itself") {
  TemporaryStore file;
  {
    ParamStore store(file.path());
    store.setdefault("good", at::ones({2}));
    store.setdefault("bad", at::ones({2}));
  }
  run_sql(file.path(), "UPDATE params SET checksum = 12345 WHERE name = 'bad'");
  ParamStore store(file.path());
  CHECK(store.size() == 2);
  CHECK(at::equal(store["good"], at::ones({2})));
  CHECK(store.constraint("bad") == constraints::real);
  try {
    store["bad"];
    FAIL("expected CorruptStore");
  } catch (const paramstore::CorruptStore& error) {
    CHECK(contains(error.what(), "bad"));
    CHECK(contains(error.what(), file.path().string()));
  }
  CHECK_THROWS_AS(store.parameters(), paramstore::CorruptStore);
  CHECK(at::equal(store["good"], at::ones({2})));
}

TEST_CASE("refresh picks up a change made with plain SQL, and a commit of that row is stale") {
  TemporaryStore file;
  ParamStore store(file.path());
  store.setdefault("a", at::zeros({1}));
  store.setdefault("b", at::zeros({1}));
  store.setdefault("c", at::zeros({1}));
  const at::Tensor leaf = store.unconstrained("a");
  run_sql(file.path(),
          "UPDATE params SET value = x'0000803f' WHERE name = 'a';"
          "UPDATE params SET constraint_tag = 'positive' WHERE name = 'b';"
          "UPDATE params SET name = 'd' WHERE name = 'c';"
          "INSERT INTO params (name, dtype, shape, value) VALUES ('e', 'float32', '[1]', x'00000040')");
  SUBCASE("refresh") {
    const auto result = store.refresh();
    CHECK(result.changed == std::vector<std::string>{"a", "b"});
    CHECK(result.removed == std::vector<std::string>{"c"});
    CHECK(result.added == std::vector<std::string>{"d", "e"});
    CHECK(store.unconstrained("a").is_same(leaf));
    CHECK(leaf.item().toFloat() == 1);
    CHECK(store["b"].item().toFloat() == 1);  // exp(0)
    CHECK(store["e"].item().toFloat() == 2);
    CHECK_FALSE(store.contains("c"));
  }
  SUBCASE("commit") {
    store.unconstrained("a").data().add_(5);
    CHECK_THROWS_AS(store.commit(), paramstore::StaleParam);
    CHECK(ParamStore(file.path())["a"].item().toFloat() == 1);
  }
}

TEST_CASE("a tag that this process does not know lists, copies, saves and loads; only its value is an error") {
  TemporaryStore file;
  { ParamStore(file.path()).setdefault("w", at::ones({2})); }
  run_sql(file.path(), "UPDATE params SET constraint_tag = 'somebody_elses(1.0, 2)'");
  ParamStore store(file.path());
  CHECK(store.constraint("w").tag() == "somebody_elses(1.0, 2)");
  CHECK(at::equal(store.unconstrained("w"), at::ones({2})));
  try {
    store["w"];
    FAIL("expected UnknownConstraint");
  } catch (const paramstore::UnknownConstraint& error) {
    CHECK(error.tag() == "somebody_elses(1.0, 2)");
    CHECK(contains(error.what(), "register_constraint"));
    CHECK(contains(error.what(), "parameter 'w' of '" + file.path().string() + "'"));
  }
  store.save(file.folder() / "copy.db");
  ParamStore other = ParamStore::in_memory();
  other.load(file.folder() / "copy.db");
  CHECK(other.constraint("w").tag() == "somebody_elses(1.0, 2)");
  other.unconstrained("w").data().add_(1);
  CHECK_NOTHROW(other.commit());
}

TEST_CASE("an invalid tag in the file affects only its own parameter's value") {
  for (const std::string tag : {"interval(0)", "interval(0.0", " ", "positive real", "independent(positive, -1)"}) {
    CAPTURE(tag);
    TemporaryStore file;
    {
      ParamStore made(file.path());
      made.setdefault("a", at::ones({2}));
      made.setdefault("bad", at::ones({2}));
      made.setdefault("z", at::ones({2}), paramstore::constraints::positive);
    }
    run_sql(file.path(), "UPDATE params SET constraint_tag = '" + tag + "' WHERE name = 'bad'");
    ParamStore store(file.path());
    const auto keys = store.keys();
    CHECK(std::vector<std::string>(keys.begin(), keys.end()) == std::vector<std::string>{"a", "bad", "z"});
    CHECK(store.parameters().size() == 3);
    CHECK(at::equal(store["a"], at::ones({2})));
    CHECK(at::equal(store.unconstrained("bad"), at::ones({2})));
    CHECK_FALSE(store.constraint("bad").is_known());
    CHECK(store.constraint("bad").tag() == tag);
    try {
      store["bad"];
      FAIL("expected UnknownConstraint");
    } catch (const paramstore::UnknownConstraint& error) {
      CHECK(error.tag() == tag);
      CHECK(contains(error.what(), "its tag is invalid"));
      CHECK(contains(error.what(), "not a constraint: "));
      CHECK(contains(error.what(), "parameter 'bad' of '" + file.path().string() + "'"));
    }
    store.erase("bad");
    store.setdefault("bad", at::ones({2}), paramstore::constraints::positive);
    CHECK(store["bad"].sum().item().toFloat() == 2);
  }
}

TEST_CASE("an error of a constraint names the parameter and its file") {
  TemporaryStore file;
  ParamStore store(file.path());
  store.setdefault("w", at::ones({2}));
  run_sql(file.path(), "UPDATE params SET constraint_tag = 'lower_cholesky'");
  store.refresh();
  const std::string about = "parameter 'w' of '" + file.path().string() + "': ";
  const auto names_it = [&](const auto& action) {
    std::string message = "no error";
    try {
      action();
    } catch (const paramstore::Error& error) {
      message = error.what();
    }
    CAPTURE(message);
    CHECK(message.rfind(about, 0) == 0);
    CHECK(contains(message, "lower_cholesky"));
  };
  names_it([&] { store["w"]; });
  names_it([&] { store.match("w"); });
  names_it([&] { store.set("w", at::ones({2})); });
  names_it([&] {
    for (auto [name, value] : store.items()) static_cast<void>(value);
  });
  const std::string about_new = "parameter 'v' of '" + file.path().string() + "': ";
  CHECK_THROWS_WITH_AS(store.setdefault("v", at::ones({2}), paramstore::constraints::boolean),
                       doctest::Contains(about_new.c_str()), paramstore::Error);
}

TEST_CASE("map_location: a device, its name, a map, a function; and a device that does not exist") {
  TemporaryStore file;
  { ParamStore(file.path()).setdefault("w", at::ones({2})); }
  run_sql(file.path(), "UPDATE params SET device = 'cuda:7'");
  const auto loaded = [&](const MapLocation& location) {
    ParamStore store = ParamStore::in_memory();
    store.load(file.path(), location);
    return store.unconstrained("w").device().is_cpu() && at::equal(store["w"], at::ones({2}));
  };
  CHECK(loaded(at::Device("cpu")));
  CHECK(loaded(at::kCPU));
  CHECK(loaded("cpu"));
  CHECK(loaded(MapLocation::Map{{"cuda:7", "cpu"}}));
  std::string asked;
  CHECK(loaded([&](const std::string& location) {
    asked = location;
    return "cpu";
  }));
  CHECK(asked == "cuda:7");
  CHECK(loaded([](const at::Tensor& value, const std::string&) { return value.device(); }));
  {
    CapturedWarnings warnings;
    CHECK(loaded([](const std::string&) { return std::nullopt; }));
    CHECK(loaded(MapLocation()));
    REQUIRE(warnings.messages.size() == 1);  // once a device
    CHECK(contains(warnings.messages[0], "cuda:7"));
  }
  ParamStore store = ParamStore::in_memory();
  CHECK_THROWS_AS(store.load(file.path(), "cuda:6"), paramstore::Error);
  CHECK(store.empty());
}

TEST_CASE("map_location: a name that is not a device is an error that names the parameter, and nothing is loaded") {
  TemporaryStore file;
  { ParamStore(file.path()).setdefault("w", at::ones({2})); }
  ParamStore store = ParamStore::in_memory();
  const auto refused = [&](const auto& location) {
    try {
      store.load(file.path(), location());
      FAIL("expected Error");
    } catch (const paramstore::Error& error) {
      CHECK(contains(error.what(), "'w'"));
      CHECK(contains(error.what(), file.path().string()));
      CHECK(contains(error.what(), "'nonsense'"));
    }
  };
  refused([] { return MapLocation("nonsense"); });
  refused([] { return MapLocation(std::string_view("nonsense")); });
  refused([] { return MapLocation::Map{{"cpu", "nonsense"}}; });
  refused([] { return MapLocation([](const std::string&) { return "nonsense"; }); });
  CHECK(store.empty());
}

TEST_CASE("a leaf that was given data of a dtype that cannot be stored is refused by name, and stays pending") {
  TemporaryStore file;
  {
    ParamStore store(file.path());
    const at::Tensor leaf = store.setdefault("w", at::ones({1}));
    leaf.set_requires_grad(false);
    leaf.set_data(at::zeros({1}, at::kLong));
    const auto refused = [&](const auto& call) {
      try {
        call();
        FAIL("expected UnsupportedTensor");
      } catch (const paramstore::UnsupportedTensor& error) {
        CHECK(contains(error.what(), "'w'"));
        CHECK(contains(error.what(), file.path().string()));
        CHECK(contains(error.what(), "Long"));
      }
    };
    refused([&] { store.commit(); });
    refused([&] { store.save(file.folder() / "copy.db"); });
    CHECK_FALSE(std::filesystem::exists(file.folder() / "copy.db"));
    leaf.set_data(at::full({1}, 2.0f));
    store.commit();
  }
  CHECK(at::equal(ParamStore(file.path())["w"], at::full({1}, 2.0f)));
}

TEST_CASE("names are 1 to 1024 bytes of UTF-8 without NUL") {
  ParamStore store = ParamStore::in_memory();
  const std::string bad[] = {"", std::string("a\0b", 3), "\xff", "caf\xc3", std::string(1025, 'x')};
  for (const auto& name : bad) {
    CHECK_THROWS_AS(store.set(name, at::ones({1})), paramstore::InvalidName);
    CHECK_THROWS_AS(store.setdefault(name, at::ones({1})), paramstore::InvalidName);
  }
  CHECK(store.empty());
  const std::string good[] = {"caf\xc3\xa9", std::string(1024, 'x'), "a'b\"c;--", "../..", " ", "%00"};
  for (const auto& name : good) store.set(name, at::ones({1}));
  CHECK(store.size() == std::size(good));
}

}  // namespace
