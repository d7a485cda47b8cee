// Text that is no tag: the error points at the place, and nothing worse than an error happens.
#include <ATen/core/Tensor.h>
#include <ATen/ops/zeros.h>

#include <cstddef>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "paramstore/constraint.h"
#include "paramstore/error.h"
#include "paramstore/transform.h"

#include <doctest/doctest.h>  // last: the glog that Debian's LibTorch includes has a CHECK of its own

using paramstore::Constraint;
using paramstore::UnknownConstraint;

namespace {

std::string error_of(std::string_view text) {
  try {
    Constraint::parse(text);
  } catch (const UnknownConstraint& error) {
    CHECK(error.tag() == text);
    return error.what();
  }
  return "no error";
}

struct Wrong {
  std::string text;
  int column;
  std::string what;
};

// Parses what a file might hold: throws UnknownConstraint, or gives a constraint whose tag means itself.
void parse_survives(const std::string& text) {
  std::optional<Constraint> constraint;
  try {
    constraint = Constraint::parse(text);
  } catch (const UnknownConstraint&) {
    return;
  }
  const bool round_trips = Constraint::parse(constraint->tag()) == *constraint;
  const bool keeps_unknown = constraint->is_known() || constraint->tag() == text;
  if (!round_trips || !keeps_unknown) {
    CAPTURE(text);
    CHECK(round_trips);
    CHECK(keeps_unknown);
  }
}

}  // namespace

TEST_CASE("the error names the column and shows the place") {
  CHECK(error_of("interval(0.0 1.0)") ==
        "not a constraint: expected ',' or ')', at column 14 of\n"
        "  interval(0.0 1.0)\n"
        "               ^");
  const std::vector<Wrong> all = {
      {"", 1, "expected the name of a constraint"},
      {"   ", 4, "expected the name of a constraint"},
      {"0.5", 1, "expected the name of a constraint"},
      {"inf", 1, "expected the name of a constraint"},
      {"float32[0.5]", 1, "expected the name of a constraint"},
      {"[real]", 1, "expected the name of a constraint"},
      {"positive real", 10, "expected the end of the text"},
      {"positive)", 9, "expected the end of the text"},
      {"positive(1)", 9, "positive takes no arguments (x > 0; exp(u))"},
      {"positive()", 9, "positive takes no arguments"},
      {"interval( )", 9, "interval(lower_bound, upper_bound) takes 2 arguments"},
      {"interval", 9, "interval(lower_bound, upper_bound) takes 2 arguments"},
      {"interval(0.0)", 13, "interval(lower_bound, upper_bound) takes 2 arguments"},
      {"interval(0.0, 1.0, 2.0)", 18, "interval(lower_bound, upper_bound) takes 2 arguments"},
      {"greater_than(1.0, 2.0)", 17, "greater_than(lower_bound) takes 1 argument "},
      {"interval(0.0, 1.0", 18, "expected ',' or ')'"},
      {"interval(real, 1.0)", 10, "expected a number, or a tensor"},
      {"interval(nan, 1.0)", 10, "NaN is not a valid bound"},
      {"interval(-nan, 1.0)", 10, "expected a number"},
      {"interval(+1.0, 1.0)", 10, "expected a number"},
      {"interval(.5, 1.0)", 10, "expected a number"},
      {"interval(1., 1.0)", 10, "expected a number"},
      {"interval(01, 1.0)", 10, "expected a number"},
      {"interval(0x10, 1.0)", 10, "expected a number"},
      {"interval(1.5.2, 1.0)", 10, "expected a number"},
      {"interval(1e, 1.0)", 10, "expected a number"},
      {"interval(infinity, 1.0)", 10, "expected a number"},
      {"interval(0.0, 1e999)", 15, "a number that its dtype cannot hold"},
      {"interval(0.0, 1e-999)", 15, "a number that its dtype cannot hold"},
      {"independent(positive, 1.0)", 23, "expected an integer of 64 bits"},
      {"independent(positive, inf)", 23, "expected an integer of 64 bits"},
      {"independent(positive, 99999999999999999999)", 23, "expected an integer of 64 bits"},
      {"interval(float32[0,1], float32[0,1,2])", 1, "the bounds of shapes [2] and [3] do not broadcast"},
      {"half_open_interval(float32[0,1], float32[[0,1,2]])", 1, "do not broadcast"},
      {"integer_interval(int8[0,1], int8[0,1,2])", 1, "do not broadcast"},
      {"independent(interval(float32[0,1], float32[0,1,2]), 1)", 13, "do not broadcast"},
      {"independent(positive, -1)", 1, "reinterpreted_batch_ndims is -1"},
      {"independent(independent(positive, -1), 1)", 13, "reinterpreted_batch_ndims is -1"},
      {"independent(1, positive)", 13, "expected the name of a constraint"},
      {"independent(positive(1), 1)", 21, "positive takes no arguments"},
      {"greater_than(float32)", 21, "expected '['"},
      {"greater_than(float32[1,[2]])", 24, "expected a number"},
      {"greater_than(float32[[1],2])", 26, "expected '['"},
      {"greater_than(float32[[1,2],[3]])", 28, "an array of 1 where the first of this depth has 2"},
      {"greater_than(float32[[1],[[2]]])", 27, "expected a number"},
      {"greater_than(float32[nan])", 22, "NaN is not a valid bound"},
      {"greater_than(float32[1e39])", 22, "a number that its dtype cannot hold"},
      {"greater_than(float16[65520])", 22, "a number that its dtype cannot hold"},
      {"greater_than(float16[1e-9])", 22, "a number that its dtype cannot hold"},
      {"greater_than(int8[128])", 19, "a number that its dtype cannot hold"},
      {"greater_than(uint8[-1])", 20, "a number that its dtype cannot hold"},
      {"greater_than(int64[0.5])", 20, "expected an integer"},
      {"greater_than(int64[inf])", 20, "expected an integer"},
      {"greater_than(float32[](2,3))", 27, "expected the shape of a tensor without elements"},
      {"greater_than(float32[](-1,0))", 24, "not a valid tensor size"},
      {"greater_than(float32[](9000000000000000000,9000000000000000000,0))", 24, "not a valid tensor size"},
      {"greater_than(float32[[]])", 23, "expected a number"},
      {"greater_than(bool[1])", 14, "a tensor's dtype is one of uint8"},
      {"mystery(", 9, "expected a number, a tensor"},
      {"mystery()", 9, "expected a number, a tensor"},
      {"mystery(1,)", 11, "expected a number, a tensor"},
      {"mystery(1 2)", 11, "expected ',' or ')'"},
      {"mystery([1, 2)", 14, "expected ',' or ']'"},
      {"mystery(1.2.3)", 9, "expected a number, a tensor"},
      {"independent(mystery, 0.5)", 22, "expected an integer"},
      {"po\xc3\xa9sitive", 3, "expected the end of the text"},
      {std::string("real\0", 5), 5, "expected the end of the text"},
      {"real\n", 5, "expected the end of the text"},
  };
  for (const Wrong& wrong : all) {
    const std::string error = error_of(wrong.text);
    CAPTURE(wrong.text);
    CAPTURE(error);
    CHECK(error.find(wrong.what) != std::string::npos);
    CHECK(error.find("at column " + std::to_string(wrong.column) + " of") != std::string::npos);
  }
}

TEST_CASE("the error of a long text shows part of it, and no byte that a terminal would interpret") {
  const std::string error = error_of("mystery(" + std::string(1000, ' ') + "\x1b[2J" + std::string(1000, ' ') + ")");
  CHECK(error.size() < 300);
  CHECK(error.find("at column 1009 of") != std::string::npos);
  CHECK(error.find("\\x1b[2J") != std::string::npos);
  CHECK(error.find('\x1b') == std::string::npos);
}

TEST_CASE("depth and length are bounded, whatever is nested") {
  for (const std::string opening :
       {"independent(", "mystery(", "mystery([", "greater_than(float32[", "mystery(float32["}) {
    CAPTURE(opening);
    std::string deep;
    for (int i = 0; i < 40000 && deep.size() + opening.size() < (1U << 20); ++i) {
      deep += i == 0 || opening.back() == '(' ? opening : "[";
    }
    CHECK(error_of(deep).find("nested deeper than 64 levels") != std::string::npos);
  }
  CHECK(error_of(std::string((1U << 20) + 1, 'a')).find("1048576 is the most") != std::string::npos);
  CHECK(Constraint::parse(std::string(1U << 20, 'a')).tag().size() == 1U << 20);
  CHECK(error_of("greater_than(" + std::string(1000000, '9') + ")").find("cannot hold") != std::string::npos);
  CHECK(Constraint::parse("greater_than(0." + std::string(1000000, '3') + ")").tag() ==
        "greater_than(0.3333333333333333)");
}

// Rows times columns: 90 kB of text, and 225 million elements.
TEST_CASE("two bounds may not broadcast to a shape that neither of them has") {
  std::string rows = "[0]";
  std::string columns = "1";
  for (int i = 1; i < 15000; ++i) {
    rows += ",[0]";
    columns += ",1";
  }
  for (const char* name : {"interval", "half_open_interval", "integer_interval"}) {
    const std::string text = std::string(name) + "(int8[" + rows + "], int8[" + columns + "])";
    CHECK(error_of(text).find(
              "the bounds of shapes [15000, 1] and [15000] have 225000000 elements together, at most 524288") !=
          std::string::npos);
  }
}

// A hostile file of 100 kB would otherwise have its reader ask for a gigabyte, one of 2 MB for all the memory there is.
TEST_CASE("a bound may not make an outer product with a value") {
  const at::Tensor column = at::zeros({32768, 1}, at::kFloat);
  const paramstore::Transform transform =
      transform_to(paramstore::constraints::greater_than(at::zeros({32768}, at::kChar)));
  const std::string stretched = "a bound of shape [32768] would stretch it";
  for (const auto& use : {std::function<void()>([&] { transform(column); }), {[&] { transform.inv(column); }}, {[&] {
                            paramstore::constraints::less_than(at::zeros({32768}, at::kChar)).check(column);
                          }}}) {
    std::string message;
    try {
      use();
    } catch (const paramstore::Error& error) {
      message = error.what();
    }
    CAPTURE(message);
    CHECK(message.find(stretched) != std::string::npos);
    CHECK(message.find("[32768, 1]") != std::string::npos);
  }
  CHECK(transform(at::zeros({500, 1})).sizes().vec() == std::vector<std::int64_t>{500, 32768});
  CHECK(transform(at::zeros({3, 32768})).sizes().vec() == std::vector<std::int64_t>{3, 32768});
}

TEST_CASE("a message shows the beginning of a long tag, and how long it is") {
  const paramstore::Constraint constraint = paramstore::constraints::greater_than(at::zeros({30000}, at::kChar));
  std::string message;
  try {
    constraint.check(at::zeros({7}));
  } catch (const paramstore::Error& error) {
    message = error.what();
  }
  CAPTURE(message);
  CHECK(message.size() < 600);
  CHECK(message.find("the constraint 'greater_than(int8[0,0,") != std::string::npos);
  CHECK(message.find("0,...' of 60019 bytes: ") != std::string::npos);
}

TEST_CASE("garbage gives an error, or a constraint whose tag parses to itself") {
  const std::vector<std::string> seeds = {
      "real",
      "interval(-1.0, 2.0)",
      "greater_than(1e-300)",
      "interval(-inf, inf)",
      "independent(independent(interval(0.0, 1.0), 0), 2)",
      "interval(float32[[0.0],[0.1]], float64(1.0))",
      "interval(float32[0.0,1.0], float32[2.0,3.0])",
      "greater_than(float16[](2,0,3))",
      "greater_than(int64[1,-2])",
      "cat([simplex, real, greater_than(float32[0.5,1.5])], -1, [3, 1, 2])",
  };
  const std::string alphabet = "realpositvndmxcg_()[],. -+0123456789eEinf\n\xff\x80";
  std::mt19937 random(20240);
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  for (int round = 0; round < 60000; ++round) {
    std::string text = seeds[below(seeds.size())];
    for (std::size_t edits = 1 + below(4); edits > 0; --edits) {
      const std::size_t place = below(text.size() + 1);
      switch (below(5)) {
        case 0:
          text.insert(place, 1, alphabet[below(alphabet.size())]);
          break;
        case 1:
          text.erase(place, 1 + below(3));
          break;
        case 2:
          if (place < text.size()) {
            text[place] = alphabet[below(alphabet.size())];
          }
          break;
        case 3:
          text.insert(place, text.substr(below(text.size() + 1), below(12)));
          break;
        default: {
          const std::string& other = seeds[below(seeds.size())];
          text.insert(place, other.substr(below(other.size()), below(12)));
        }
      }
    }
    parse_survives(text);
  }
  for (int round = 0; round < 20000; ++round) {
    std::string text(below(40), ' ');
    for (char& c : text) {
      c = round % 2 == 0 ? alphabet[below(alphabet.size())] : static_cast<char>(below(256));
    }
    parse_survives(text);
  }
}
