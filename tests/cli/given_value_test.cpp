// Numbers as people and programs write them.
#include "lib/cli/values/given_value.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>

#include "lib/cli/exit_status.h"

using namespace paramstore::cli;
using Shape = std::vector<std::int64_t>;

namespace {

std::vector<double> numbers(const GivenValue& value) {
  std::vector<double> result;
  for (const auto& number : value.numbers) result.push_back(number.real);
  return result;
}

GivenValue json(const std::string& text, bool complex = false) { return parse_json_value(text, "VALUE", complex); }

std::string refusal(const std::string& text, bool complex = false) {
  try {
    parse_value(text, "VALUE", complex);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "was taken";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("JSON's nesting is the shape") {
  CHECK(json("0.5").shape == Shape{});
  CHECK(json("[]").shape == Shape{0});
  CHECK(json("[[],[]]").shape == Shape{2, 0});
  CHECK(json(" [ [1, 2.5e-3] , [ -3,4 ] ] ").shape == Shape{2, 2});
  CHECK(numbers(json("[[1, 2.5e-3],[-3,4]]")) == std::vector<double>{1, 2.5e-3, -3, 4});
  CHECK(json("[[[1]],[[2]]]").shape == Shape{2, 1, 1});
}

TEST_CASE("JSON of infinities, NaN and complex numbers") {
  const GivenValue value = json("[null, NaN, 9e999, -Infinity, -9e999]");
  CHECK(std::isnan(value.numbers[0].real));
  CHECK(std::isnan(value.numbers[1].real));
  CHECK(value.numbers[2].real == INFINITY);
  CHECK(value.numbers[3].real == -INFINITY);
  CHECK(value.numbers[4].real == -INFINITY);
  const GivenValue pair = json("[[1,2],[3,4],[5,6]]", true);
  CHECK(pair.shape == Shape{3});
  CHECK(pair.numbers[2].imag == 6);
  CHECK(json("[1,2]", true).shape == Shape{});
  CHECK(contains(refusal("[1,2,3]", true), "[re,im]"));
}

TEST_CASE("arrays of different lengths, and anything but arrays of numbers, are refused") {
  for (const char* text : {"[[1,2],[3]]", "[1,[2]]", "[[1],2]", "[[],[1]]", "[[1],[]]", "[[[]],[]]", "[1,2", "[1,]",
                           "[,1]", "[1] 2", "[\"a\"]", "[true]", "[1 2]", "[0x10]", "[+]", "[[1]", "[--1]"}) {
    INFO(text);
    CHECK(contains(refusal(text), "VALUE: is not JSON"));
  }
  CHECK(contains(refusal(std::string(1'000'000, '[')), "64 dimensions"));
  CHECK(contains(refusal("[" + std::string(10'000, '1') + "]"), "expected a number"));
}

TEST_CASE("a number too large for any dtype is refused; infinity is written inf") {
  for (const char* text : {"1e400", "-1e400", "9e9999", "[1,1e309]", "2e308j", "1-1e999j", ".1e400"}) {
    INFO(text);
    CHECK(contains(refusal(text), "is too large for any dtype; infinity is written inf, and 9e999 in JSON"));
  }
  CHECK(contains(refusal("[1,-1e400]"), "VALUE: -1e400 is too large"));
  CHECK(contains(refusal(std::string(350, '1')), "is too large"));
  CHECK(numbers(parse_text_value("inf -Infinity 9e999 -9e999 1e-400", "f")) ==
        std::vector<double>{INFINITY, -INFINITY, INFINITY, -INFINITY, 0});
}

TEST_CASE("text is read as numbers with any usual separator") {
  CHECK(numbers(parse_text_value("1 2\n3,4;5\t6\r\n", "f")) == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK_FALSE(parse_text_value("1 2", "f").shape);
  CHECK(numbers(parse_text_value("# comment 7\n1e3 # more\n-.5", "f")) == std::vector<double>{1000, -0.5});
  const auto complex = parse_text_value("1+2j (0.5-1e-3j) 3j -inf+nanj", "f").numbers;
  CHECK(complex[0].imag == 2);
  CHECK(complex[1].imag == -1e-3);
  CHECK(complex[2].real == 0);
  CHECK(complex[2].imag == 3);
  CHECK(complex[3].real == -INFINITY);
  CHECK(std::isnan(complex[3].imag));
}

TEST_CASE("text that is not a number is named with its line") {
  CHECK(contains(refusal("1 2\n3 four"), "four in line 2 is not a number"));
  CHECK(contains(refusal("1\x1b[31m"), "\"1\\x1b[31m\" in line 1"));
  CHECK(contains(refusal("0x10"), "is not a number"));
  CHECK(contains(refusal("# nothing"), "has no numbers"));
  CHECK(contains(refusal(""), "has no numbers"));
}

TEST_CASE("any text is a value or refused") {
  const auto piece =
      rc::gen::element<std::string>("[", "]", ",", "1", "-", "e9", "null", "NaN", " ", ".", "j", "(", "\n", "#", "0x");
  const bool passed = rc::check("any text", [&] {
    std::string text;
    for (const std::string& each : *rc::gen::container<std::vector<std::string>>(piece)) text += each;
    try {
      const GivenValue value = parse_value(text, "VALUE", *rc::gen::arbitrary<bool>());
      if (!value.shape) return;
      std::uint64_t count = 1;
      for (const std::int64_t size : *value.shape) count *= static_cast<std::uint64_t>(size);
      RC_ASSERT(count == value.numbers.size());
    } catch (const UsageError&) {
    }
  });
  CHECK(passed);
}
