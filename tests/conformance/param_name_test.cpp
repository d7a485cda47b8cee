// How a module's parameters are named.
#include <doctest/doctest.h>

#include "paramstore/param_name.h"

using namespace paramstore;

TEST_SUITE("names of a module's parameters") {
  TEST_CASE("module and parameter are joined by three dollars, and come apart again") {
    const std::string full = param_with_module_name("encoder", "layer.0.weight");
    CHECK(full == "encoder$$$layer.0.weight");
    CHECK(module_from_param_with_module_name(full) == "encoder");
    CHECK(user_param_name(full) == "layer.0.weight");
    CHECK(normalize_param_name(full) == "encoder.layer.0.weight");
  }

  TEST_CASE("a name without a module is unchanged as the module's, the user's and the normal name") {
    CHECK(module_from_param_with_module_name("loc.z") == "loc.z");
    CHECK(user_param_name("loc.z") == "loc.z");
    CHECK(normalize_param_name("loc.z") == "loc.z");
    CHECK(user_param_name("price_in_$$") == "price_in_$$");
  }

  TEST_CASE("of several dividers the first two count, and all of them become dots") {
    CHECK(module_from_param_with_module_name("a$$$b$$$c") == "a");
    CHECK(user_param_name("a$$$b$$$c") == "b");
    CHECK(normalize_param_name("a$$$b$$$c") == "a.b.c");
  }

  TEST_CASE("empty parts stay empty, and a fourth dollar belongs to what follows") {
    CHECK(param_with_module_name("", "") == "$$$");
    CHECK(module_from_param_with_module_name("$$$w") == "");
    CHECK(user_param_name("m$$$") == "");
    CHECK(user_param_name("m$$$$w") == "$w");
    CHECK(module_from_param_with_module_name("m$$$$w") == "m");
    CHECK(normalize_param_name("m$$$$w") == "m.$w");
  }
}
