// The grammar of constraint tags, and the signatures of our own, without LibTorch.
#include "lib/text/tag.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <deque>
#include <optional>
#include <string>

#include "lib/text/constraint_signatures.h"
#include "lib/text/number_text.h"

using namespace paramstore;
using Kind = TagNode::Kind;

namespace {

bool same(const TagNode& a, const TagNode& b) {
  const bool same_self = a.kind == b.kind && a.text == b.text && a.shape == b.shape && a.elements == b.elements &&
                         (a.kind != Kind::tensor || a.dtype == b.dtype) && a.children.size() == b.children.size();
  for (std::size_t i = 0; same_self && i < a.children.size(); ++i) {
    if (!same(a.children[i], b.children[i])) return false;
  }
  return same_self;
}

// Random trees. The texts that a tree refers to live as long as this.
class Trees {
 public:
  TagNode constraint(int depth) {
    TagNode node;
    node.kind = Kind::name;
    node.text = keep(*rc::gen::element<std::string>("real", "x_1", "interval", "_", "infinity", "bool"));
    if (depth > 0) node.children = arguments(depth, 0);
    return node;
  }

 private:
  std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  std::string_view number() {
    const auto real = *rc::gen::arbitrary<double>();
    const std::string text =
        *rc::gen::inRange(0, 2) == 0 ? real_text(real) : std::to_string(*rc::gen::arbitrary<std::int64_t>());
    return keep(text == "nan" ? "-inf" : text);
  }

  TagNode tensor() {
    TagNode node;
    node.kind = Kind::tensor;
    node.dtype = *rc::gen::element(ElementType::int64, ElementType::float64, ElementType::uint8, ElementType::float16);
    std::size_t count = 1;
    for (int dims = *rc::gen::inRange(0, 4); dims > 0; --dims) {
      node.shape.push_back(*rc::gen::inRange(0, 4));
      count *= static_cast<std::size_t>(node.shape.back());
    }
    for (; count > 0; --count) {
      node.elements.push_back(node.dtype == ElementType::float64 ? number()
                                                                 : keep(std::to_string(*rc::gen::inRange(0, 256))));
    }
    return node;
  }

  TagNode argument(int depth) {
    TagNode node;
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        return constraint(depth - 1);
      case 1:
        node.kind = Kind::number;
        node.text = number();
        return node;
      case 2:
        return tensor();
      default:
        node.kind = Kind::list;
        if (depth > 0) node.children = arguments(depth, 0);
        return node;
    }
  }

  std::vector<TagNode> arguments(int depth, int least) {
    std::vector<TagNode> all;
    for (int count = *rc::gen::inRange(least, 4); count > 0; --count) all.push_back(argument(depth - 1));
    return all;
  }

  std::deque<std::string> texts_;
};

std::optional<std::size_t> column_of_error(const std::string& text) {
  try {
    parse_tag_tree(text);
    return std::nullopt;
  } catch (const TagError& error) {
    CHECK(describe(error, text).find("not a constraint: ") == 0);
    return error.place() + 1;
  }
}

}  // namespace

TEST_CASE("a tree is written and read back") {
  const bool passed = rc::check("tree -> text -> tree", [] {
    Trees trees;
    const TagNode tree = trees.constraint(*rc::gen::inRange(0, 4));
    const std::string text = write_tag_tree(tree);
    RC_LOG() << text;
    const TagNode read = parse_tag_tree(text);
    RC_ASSERT(same(read, tree));
    RC_ASSERT(write_tag_tree(read) == text);
    RC_ASSERT(tag_depth(text) <= 64u);
  });
  CHECK(passed);
}

TEST_CASE("a tag's tree holds everything that the tag says") {
  const TagNode cat = parse_tag_tree(" cat( [simplex,real] ,-1, [ 3,1 ]) ");
  CHECK(write_tag_tree(cat) == "cat([simplex, real], -1, [3, 1])");
  CHECK(cat.place == 1);
  CHECK(cat.after_name == 4);
  CHECK(cat.children[0].children[1].text == "real");
  CHECK(tag_integer(cat.children[1]) == -1);
  CHECK(cat.children[1].place == 22);
  const TagNode bounds = parse_tag_tree("interval(float16[[0.5],[-inf]], float32[](2,0))");
  CHECK(bounds.children[0].dtype == ElementType::float16);
  CHECK(bounds.children[0].shape == std::vector<std::int64_t>{2, 1});
  CHECK(tag_element<float>(bounds.children[0].elements[1]) == -std::numeric_limits<float>::infinity());
  CHECK(bounds.children[1].shape == std::vector<std::int64_t>{2, 0});
  CHECK(bounds.children[1].elements.empty());
}

TEST_CASE("the first error has its column") {
  struct Wrong {
    std::string text;
    std::size_t column;
  };
  for (const Wrong& wrong : std::vector<Wrong>{{"", 1},
                                               {" ", 2},
                                               {"1.0", 1},
                                               {"interval(", 10},
                                               {"interval(0.0, )", 15},
                                               {"interval(0.0 1.0)", 14},
                                               {"interval(0.0, 1.0))", 19},
                                               {"a b", 3},
                                               {"f()", 3},
                                               {"f(float32)", 10},
                                               {"f(float32[1,)", 13},
                                               {"f(float32[a])", 11},
                                               {"f(nan())x", 3},
                                               {"real\n", 5},
                                               {"f('text')", 3},
                                               {"f([1, 2)", 8},
                                               {"f(bool[1])", 3},
                                               {"f(complex64[1])", 3},
                                               {"f(uint8[256])", 9},
                                               {"f(int16[-32769])", 9},
                                               {"f(float16[65520])", 11},
                                               {"f(float16[2.98e-8])", 11},
                                               {"f(bfloat16[3.4e38])", 12},
                                               {"f(float32[1e39])", 11},
                                               {"f(float64[1e-999])", 11},
                                               {"f(float32[[1,2],[3]])", 17},
                                               {"f(float32[](9000000000000000000,0))", 13}}) {
    CAPTURE(wrong.text);
    CHECK(column_of_error(wrong.text).value_or(0) == wrong.column);
  }
  CHECK_FALSE(column_of_error("f(float16[65519.9,2.99e-8])"));
  CHECK_FALSE(column_of_error("f(bfloat16[3.38e38])"));
}

TEST_CASE("depth and length are bounded") {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "f(";
  CHECK(column_of_error(deep) == std::size_t{130});
  std::string allowed;
  for (int i = 0; i < 64; ++i) allowed += "f(";
  CHECK_FALSE(column_of_error(allowed + "real" + std::string(64, ')')));
  CHECK(column_of_error(std::string((1U << 20) + 1, 'a')) == std::size_t{1});
}

TEST_CASE("a built-in tag with wrong arguments is invalid, an unknown name is only noted") {
  const auto problem = [](const char* tag) {
    const auto found = tag_problem(tag);
    if (!found) return std::string("none");
    return (found->kind == TagProblem::Kind::invalid ? "invalid: " : "unknown: ") + found->what;
  };
  for (const char* tag : {"real", "interval(0,1)", "independent(positive, 1)", "cat([simplex, real], -1, [3, 1])",
                          "greater_than(float32(0.5))"}) {
    CHECK(problem(tag) == "none");
  }
  CHECK(problem("interval(0)") == "invalid: interval(lower_bound, upper_bound) takes 2 arguments at character 11");
  CHECK(problem("interval") == "invalid: interval(lower_bound, upper_bound) takes 2 arguments at character 9");
  CHECK(problem("positive()") == "invalid: positive takes no arguments at character 9");
  CHECK(problem("mystery()").find("invalid: expected a number, a tensor") == 0);
  CHECK(problem("positive(1)") == "invalid: positive takes no arguments at character 9");
  CHECK(problem("independent(real, 0.5)") == "invalid: expected an integer of 64 bits at character 19");
  CHECK(problem("independent(interval(0), 1)").find("invalid: interval(") == 0);
  CHECK(problem("postive") == "unknown: 'postive' is not one of paramstore's constraints; did you mean 'positive'?");
  CHECK(problem("independent(somebody_elses, 1)") ==
        "unknown: 'somebody_elses' is not one of paramstore's constraints");
}
