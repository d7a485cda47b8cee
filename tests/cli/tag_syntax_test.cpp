// The form of a constraint's tag.
#include "lib/cli/values/tag_syntax.h"

#include <doctest/doctest.h>

using namespace paramstore::cli;

TEST_CASE("the tags of the documentation, and those of others, have the form") {
  for (const char* tag :
       {"real", "positive", "greater_than(0.5)", "interval(-1.0, 2.0)", "interval(0,1)", "interval(-inf, inf)",
        "independent(positive, 1)", "stack([real, positive], 0)", "cat([simplex, real], -1, [3, 1])", "my_own(1e-300)",
        "interval(float32[0.5,1.0], float64[[0.0],[1.5]])", "greater_than(float32(0.5))",
        "interval(float32[](2,0), 1.0)", " real ", "made_up", "f(int64[1], [])"}) {
    INFO(tag);
    CHECK(tag_error(tag).value_or("") == "");
  }
}

TEST_CASE("what is no tag is told with its place") {
  for (const char* tag :
       {"", " ", "1.0", "interval(", "interval(0.0, )", "interval(0.0 1.0)", "interval(0.0, 1.0))", "a b", "f(float32)",
        "f(float32[1,)", "f(float32[a])", "f(nan())x", "real\n", "f('text')", "f([1, 2)"}) {
    INFO(tag);
    CHECK(tag_error(tag));
  }
  CHECK(tag_error("interval(0.0 1.0)").value_or("").find("expected , or ) at character 14") != std::string::npos);
}

TEST_CASE("a tag cannot be deeper than the library reads") {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "f(";
  CHECK(tag_error(deep).value_or("").find("too many") != std::string::npos);
  deep.clear();
  for (int i = 0; i < 60; ++i) deep += "f(";
  deep += "real" + std::string(60, ')');
  CHECK_FALSE(tag_error(deep));
}
