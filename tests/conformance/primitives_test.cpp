// Pyro's primitives on the process's own store.
#include <doctest/doctest.h>
#include <torch/nn/modules/linear.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "conformance/collect.h"
#include "paramstore/error.h"
#include "paramstore/primitives.h"

using namespace paramstore;

TEST_SUITE("primitives") {
  TEST_CASE("without PARAMSTORE_PATH the process's store is in memory, and always the same one") {
    REQUIRE(std::getenv("PARAMSTORE_PATH") == nullptr);
    const auto files = [] { return std::distance(std::filesystem::directory_iterator("."), {}); };
    const auto before = files();
    ParamStore& store = get_param_store();
    CHECK(&store == &get_param_store());
    clear_param_store();
    param("x", at::zeros({1}));
    CHECK(store.size() == 1);
    CHECK(files() == before);
  }

  TEST_CASE("param creates, finds and reports missing parameters, like the store's get_param") {
    clear_param_store();
    CHECK_THROWS_AS(param("scale"), ParamNotFound);
    const Param made = param("scale", at::full({2}, 2.0), constraints::positive, 1);
    CHECK(at::allclose(param("scale"), at::full({2}, 2.0)));
    CHECK(param("scale").unconstrained().is_same(made.unconstrained()));
    CHECK(get_param_store().constraint("scale") == constraints::positive);
    int calls = 0;
    const auto init = [&] {
      ++calls;
      return at::zeros({1});
    };
    param("loc", init);
    param("loc", init);
    CHECK(calls == 1);
    CHECK(names_of(get_param_store()) == Names{"scale", "loc"});
  }

  TEST_CASE("module registers in the process's store, clear_param_store empties it") {
    clear_param_store();
    torch::nn::Linear linear(2, 2), other(2, 2);
    module("m", linear);
    CHECK(param("m$$$weight").is_same(linear->weight));
    module("m", other, /*update_module_params=*/true);
    CHECK(param("m$$$weight").is_same(other->weight));
    CHECK(get_param_store().size() == 2);
    clear_param_store();
    CHECK(get_param_store().empty());
    CHECK(linear->weight.defined());
  }

  TEST_CASE("clear_param_store empties the active scope only") {
    clear_param_store();
    param("x", at::zeros({1}));
    {
      auto guard = get_param_store().scope();
      param("y", at::zeros({1}));
      clear_param_store();
      CHECK(get_param_store().empty());
    }
    CHECK(names_of(get_param_store()) == Names{"x"});
  }

  TEST_CASE("differs: use_param_store keeps the process's store in a file, where clear_param_store clears it too") {
    use_param_store("process.params.db");
    clear_param_store();
    const auto leaf = param("scale", at::full({2}, 2.0), constraints::positive).unconstrained();
    leaf.data().fill_(1.0);
    use_param_store("next.params.db");  // closes the one before, which commits what is pending
    CHECK_FALSE(get_param_store().contains("scale"));
    {
      ParamStore closed("process.params.db");
      CHECK(at::equal(closed.unconstrained("scale"), at::full({2}, 1.0)));
    }
    use_param_store("process.params.db");
    CHECK(at::equal(param("scale").unconstrained(), at::full({2}, 1.0)));
    clear_param_store();
    ParamStore other("process.params.db");
    CHECK(other.empty());
  }

  TEST_CASE("a reference to the process's store always refers to the file in use") {
    use_param_store("one.params.db");
    clear_param_store();
    ParamStore& store = get_param_store();
    store.set("x", at::ones({2}));
    use_param_store("another.params.db");
    CHECK(&store == &get_param_store());
    CHECK_FALSE(store.contains("x"));
    store.set("y", at::zeros({1}));
    CHECK(ParamStore("another.params.db").contains("y"));
    use_param_store("one.params.db");
    CHECK(names_of(store) == Names{"x"});
  }

  TEST_CASE("use_param_store(\":memory:\") keeps the process's store in memory, a new one each time") {
    use_param_store(":memory:");
    param("x", at::zeros({1}));
    CHECK(get_param_store().contains("x"));
    CHECK_FALSE(std::filesystem::exists(":memory:"));
    use_param_store(":memory:");
    CHECK(get_param_store().empty());
  }

  TEST_CASE("a path that is not a store leaves the process's store unchanged") {
    use_param_store("good.params.db");
    param("x", at::zeros({1}));
    std::filesystem::create_directory("folder");
    CHECK_THROWS_AS(use_param_store("folder"), StorageError);
    CHECK(get_param_store().contains("x"));
  }
}

// Run by a test of its own, as the variable counts when the process's store is first asked for.
TEST_SUITE("PARAMSTORE_PATH" * doctest::skip()) {
  TEST_CASE("an error about the path in PARAMSTORE_PATH names the variable") {
    REQUIRE(std::getenv("PARAMSTORE_PATH") != nullptr);
    const std::string good = std::getenv("PARAMSTORE_PATH");
    setenv("PARAMSTORE_PATH", "no-such-folder/model.params.db", 1);
    CHECK_THROWS_WITH_AS(get_param_store(), doctest::Contains("PARAMSTORE_PATH: "), StorageError);
    { std::ofstream("text.params.db") << std::string(4096, 'x'); }
    setenv("PARAMSTORE_PATH", "text.params.db", 1);
    CHECK_THROWS_WITH_AS(param("x"), doctest::Contains("PARAMSTORE_PATH: "), NotAStore);
    setenv("PARAMSTORE_PATH", good.c_str(), 1);
  }

  TEST_CASE("the process's store lives at the path in PARAMSTORE_PATH") {
    REQUIRE(std::getenv("PARAMSTORE_PATH") != nullptr);
    const std::filesystem::path path(std::getenv("PARAMSTORE_PATH"));
    CHECK_FALSE(std::filesystem::exists(path));
    param("x", at::ones({3}));
    CHECK(std::filesystem::exists(path));
    ParamStore other(path);
    CHECK(at::equal(other["x"], at::ones({3})));
  }
}

TEST_SUITE("PARAMSTORE_PATH in memory" * doctest::skip()) {
  TEST_CASE("PARAMSTORE_PATH may be \":memory:\"") {
    REQUIRE(std::getenv("PARAMSTORE_PATH") == std::string(":memory:"));
    param("x", at::ones({3}));
    CHECK(get_param_store().size() == 1);
    CHECK_FALSE(std::filesystem::exists(":memory:"));
  }
}
