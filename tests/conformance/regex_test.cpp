// match() takes patterns as Python's re.match does: regex/cases.json holds what Python itself said.
#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/text/python_regex.h"
#include "paramstore/error.h"

using paramstore::PythonRegex;

namespace {

nlohmann::json load_cases() {
  std::ifstream file(PARAMSTORE_REGEX_CASES);
  REQUIRE(file.good());
  return nlohmann::json::parse(file);
}

/// The names that match, or nothing where the pattern is an error.
std::optional<std::vector<std::string>> matches(const std::string& pattern, const std::vector<std::string>& names) {
  std::vector<std::string> found;
  try {
    const PythonRegex regex(pattern);
    for (const auto& name : names) {
      if (regex.match(name)) found.push_back(name);
    }
  } catch (const paramstore::Error&) {
    return std::nullopt;
  }
  return found;
}

}  // namespace

// Where we differ, each with its own case below.
const std::set<std::string> known_differences = {
    "(?<=a|bc)", "aa(?<=a|aa)b", "ab(?<=a|bc)", "(?x) a + + b", "(?(+1)a|b)(a)", "(?i)i",    "(?i)[a-z]$",
    "\\z",       "[\\S]",        "[\\d\\s]",    "[^\\d\\s]",    "[^\\s]+$",      "[a\\s]+$",
};

TEST_CASE("a pattern matches the names that it matches in Python, and is an error if it is one in Python") {
  const nlohmann::json data = load_cases();
  const auto names = data["names"].get<std::vector<std::string>>();
  for (const auto& entry : data["cases"]) {
    const auto pattern = entry["pattern"].get<std::string>();
    if (known_differences.count(pattern)) continue;
    CAPTURE(pattern);
    const auto found = matches(pattern, names);
    if (entry.contains("error")) {
      const bool refused = !found;
      CHECK_MESSAGE(refused, "Python says: ", entry["error"]);
    } else {
      const bool compiles = found.has_value();
      CHECK(compiles);
      if (compiles) CHECK(nlohmann::json(*found).dump() == entry["matches"].dump());
    }
  }
}

TEST_CASE(
    "differs from Python: alternatives of a lookbehind may have different lengths, which Python refuses to compile") {
  CHECK(matches("ab(?<=a|ab)c", {"abc", "abd"}) == std::vector<std::string>{"abc"});
  CHECK_FALSE(matches("ab(?<=a*)c", {"abc"}));  // without any bound it is an error in both
}

TEST_CASE(
    "differs from Python: in a verbose pattern a second sign of repetition may stand apart, which Python refuses") {
  CHECK(matches("(?x) a + + b", {"aab", "b"}) == std::vector<std::string>{"aab"});
}

TEST_CASE("differs from Python 3.11: a signed group number as a condition is an error, as it is from Python 3.12 on") {
  CHECK_FALSE(matches("(?(+1)a|b)(a)", {"ba"}));
}

TEST_CASE("differs from Python: ignoring case, an i is not the Turkish letters with and without a dot") {
  CHECK(matches("(?i)i$", {"i", "I", "\u0130", "\u0131"}) == std::vector<std::string>{"i", "I"});
}

TEST_CASE("differs from Python: in a class, \\s has U+180E beside Python's white space, and \\S has U+001C to U+001F") {
  const std::vector<std::string> names = {"a", " ", "\x1c", "\u180e"};
  CHECK(matches("\\s$", names) == std::vector<std::string>{" ", "\x1c"});  // as in Python
  CHECK(matches("\\S$", names) == std::vector<std::string>{"a", "\u180e"});
  CHECK(matches("[\\s]$", names) == std::vector<std::string>{" ", "\x1c", "\u180e"});
  CHECK(matches("[\\S]$", names) == std::vector<std::string>{"a", "\x1c"});
}

TEST_CASE("differs from Python before 3.14: \\z is the very end of the name, as \\Z is") {
  CHECK(matches("a\\z", {"a", "a\n", "ab"}) == std::vector<std::string>{"a"});
}

TEST_CASE("differs from Python: the ASCII flag and the names of characters are errors") {
  CHECK_FALSE(matches("(?a)\\w", {"a"}));
  CHECK_FALSE(matches("(?a:\\w)", {"a"}));
  CHECK_FALSE(matches("\\N{DIGIT ONE}", {"1"}));
}

TEST_CASE("differs from Python: a count of repetitions over 65535 is an error") {
  CHECK(matches("a{65535}", {"a"}) == std::vector<std::string>{});
  CHECK_FALSE(matches("a{65536}", {"a"}));
}

TEST_CASE(
    "differs from Python: a pattern whose cost explodes is an error, and soon, where Python would compute for ages") {
  const std::string many_a(1000, 'a');
  const std::vector<std::pair<std::string, std::string>> hostile = {
      {"(a+)+$", many_a + "!"},
      {"(a*)*b", many_a},
      {"(a|aa)+$", many_a + "!"},
      {"(a|a?)+$", many_a + "!"},
      {"(.*)*x", many_a},
      {"(.*a){20}", std::string(200, 'a') + "!" + std::string(10, 'a') + "!x"},
      {"(?:(?:(?:a?)*)*)*b", many_a},
      {"([a-z]+\\.?)+\\d", many_a},
      {"(\\w+\\s?)*:", many_a},
      {"(a?){500}a{500}!", std::string(500, 'a')},
      {"(?=(a+)+$)a", many_a + "!"},
      {"^(([a-z])+.)+[A-Z]([a-z])+$", many_a},
      {"(x+x+)+y", std::string(1000, 'x')},
      {"(.+)+\\1z", many_a},
  };
  for (const auto& [pattern, name] : hostile) {
    CAPTURE(pattern);
    const auto start = std::chrono::steady_clock::now();
    const auto found = matches(pattern, {name});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    CHECK(took.count() < 5.0);  // a second where nothing slows us down
    const bool refused_or_no_match = !found || found->empty();
    CHECK(refused_or_no_match);
  }
  CHECK_FALSE(matches("(a+)+$", {many_a + "!"}));
}

TEST_CASE("differs from Python: a pattern too large or too deep to compile is an error, and soon") {
  std::string nested = "a";
  for (int i = 0; i < 6; ++i) nested = "(?:" + nested + "){1000}";
  CHECK_FALSE(matches(nested, {"a"}));
  CHECK_FALSE(matches(std::string(10'000, '(') + std::string(10'000, ')'), {"a"}));
  CHECK_FALSE(matches("(?:" + std::string(1'000'000, '['), {"a"}));
}

TEST_CASE("an error says which pattern, and where in it") {
  try {
    PythonRegex regex("scale[");
    FAIL("it compiled");
  } catch (const paramstore::Error& error) {
    const std::string message = error.what();
    CHECK(message.find("scale[") != std::string::npos);
    CHECK(message.find("position 5") != std::string::npos);
  }
}

TEST_CASE("search finds a pattern anywhere, as re.search does; match looks at the start only") {
  const PythonRegex regex("b+");
  CHECK(regex.search("abbc"));
  CHECK_FALSE(regex.match("abbc"));
  CHECK(regex.match("bc"));
  CHECK_FALSE(regex.search("ac"));
  CHECK_FALSE(PythonRegex("^b").search("ab"));
  CHECK(PythonRegex("c$").search("abc"));
  CHECK_THROWS_WITH_AS(regex.search("a\xff"), doctest::Contains("cannot be matched with"), paramstore::Error);
}
