// The grammar of constraint tags, which include/paramstore/constraint.h describes: from text to a tree and back. Knows
// no constraint: which names there are, and which arguments they take, is constraint_signatures.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "lib/text/dtype.h"

namespace paramstore {

/// A constraint, or an argument of one. Its texts are views of the tag.
struct TagNode {
  enum class Kind {
    name,    ///< positive, interval(0.0, 1.0); the arguments are in `children`
    number,  ///< -0.5, 3, inf
    tensor,  ///< float32[0.5,1.0]
    list,    ///< [3, 1]; the items are in `children`
  };
  Kind kind = Kind::name;
  std::string_view text;  ///< the name or the number as written
  std::vector<TagNode> children;

  ElementType dtype = ElementType::float32;  ///< of a tensor
  std::vector<std::int64_t> shape;           ///< of a tensor
  std::vector<std::string_view> elements;    ///< of a tensor: numbers that the dtype can hold, row by row

  std::size_t place = 0;       ///< where the text starts
  std::size_t after_name = 0;  ///< of a name: where its parenthesis stands, or would
  std::size_t end = 0;         ///< the first byte after it that is not a space
};

/// A text is not a tag, or not one with a meaning.
class TagError : public std::runtime_error {
 public:
  /// `what` at byte `place` of the text.
  TagError(std::size_t place, const std::string& what) : std::runtime_error(what), place_(place) {}
  std::size_t place() const noexcept { return place_; }

 private:
  std::size_t place_;
};

/// "not a constraint: expected ')', at column 8 of" and a line of the text with a caret below the place. Bytes that
/// could upset a terminal are shown as \xNN.
std::string describe(const TagError& error, std::string_view text);

/// Reads a tag in one pass. Throws TagError at the first error: also if the text is longer or nested deeper than
/// tag_limits.h says. What it allocates is in proportion to the text, never to a number in it.
///
/// `takes`, if given, is asked about "name()", which no constraint accepts: it returns which arguments the name takes,
/// "positive takes no arguments", for the error to say, or nothing for a name that it does not know.
using Takes = std::function<std::string(std::string_view name)>;
TagNode parse_tag_tree(std::string_view text, const Takes& takes = {});

/// A letter or underscore followed by letters, digits and underscores, and neither inf, nan nor a dtype of tags.
bool is_constraint_name(std::string_view text) noexcept;

/// A number argument. Throws TagError, at `node`, if it is outside the range of double.
double tag_real(const TagNode& node);
/// Throws TagError if the number is not an integer of 64 bits.
std::int64_t tag_integer(const TagNode& node);

/// One element of a tensor, which the parser has found to be in range. Real is float or double.
template <typename Real>
Real tag_element(std::string_view element);
extern template float tag_element<float>(std::string_view);
extern template double tag_element<double>(std::string_view);
extern template std::int64_t tag_element<std::int64_t>(std::string_view);

/// Writes a tag from left to right: puts the commas, spaces and brackets where they belong.
class TagWriter {
 public:
  /// A constraint's name. Its arguments, if any, stand between begin_arguments and end_arguments.
  void name(std::string_view name);
  void begin_arguments();
  void end_arguments();
  void begin_list();
  void end_list();
  /// A number, or a whole tag that was written before.
  void text(std::string_view text);
  /// `element()` gives the text of each element, row by row.
  template <typename Element>
  void tensor(ElementType dtype, const std::int64_t* shape, std::size_t dims, Element element) {
    if (begin_tensor(dtype, shape, dims)) elements(shape, dims, 0, element);
  }

  std::string take() { return std::move(tag_); }

 private:
  void separate();
  bool begin_tensor(ElementType dtype, const std::int64_t* shape, std::size_t dims);

  template <typename Element>
  void elements(const std::int64_t* shape, std::size_t dims, std::size_t dim, Element& element) {
    if (dims == 0) {
      tag_.append("(").append(element()).append(")");
      return;
    }
    tag_ += '[';
    for (std::int64_t i = 0; i < shape[dim]; ++i) {
      if (i > 0) tag_ += ',';
      if (dim + 1 == dims) {
        tag_ += element();
      } else {
        elements(shape, dims, dim + 1, element);
      }
    }
    tag_ += ']';
  }

  std::string tag_;
  bool first_ = true;  // nothing yet since the last opening parenthesis or bracket
};

/// The tag of a tree: `parse_tag_tree(write_tag_tree(tree))` is the same tree, apart from its places.
std::string write_tag_tree(const TagNode& node);

/// How deep the parentheses and brackets of a tag are nested.
std::size_t tag_depth(std::string_view tag) noexcept;

}  // namespace paramstore
