#include "lib/text/tag.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "lib/text/number_text.h"
#include "lib/text/tag_limits.h"

namespace paramstore {
namespace {

constexpr const char* out_of_range = "a number that its dtype cannot hold";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t word_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && (is_letter(text[length]) || (length > 0 && is_digit(text[length])))) ++length;
  return length;
}

bool is_infinite(std::string_view number) { return number.back() == 'f'; }

struct IntegerRange {
  std::int64_t least;
  std::int64_t most;
};

template <typename Integer>
constexpr IntegerRange range_of() {
  return {std::numeric_limits<Integer>::min(), std::numeric_limits<Integer>::max()};
}

// A finite number other than zero rounds to infinity at `infinity`, and to zero at `zero`; ties go to the even one.
struct RealRange {
  float infinity;
  float zero;
};
constexpr RealRange float16_range{65520.0F, 0x1p-25F};
constexpr RealRange bfloat16_range{0x1.ffp127F, 0x1p-134F};

bool fits(std::string_view number, RealRange range) {
  const std::optional<float> value = parse_float(number);
  if (!value) return false;
  const float size = std::abs(*value);
  return size < range.infinity && (size == 0 || size > range.zero);
}

class TagReader {
 public:
  TagReader(std::string_view text, const Takes& takes) : text_(text), takes_(takes) {}

  TagNode read() {
    if (text_.size() > max_tag_bytes) {
      fail(0, "the text is " + std::to_string(text_.size()) + " bytes long, " + std::to_string(max_tag_bytes) +
                  " is the most");
    }
    TagNode node = read_constraint("expected the name of a constraint");
    if (place_ < text_.size()) fail(place_, "expected the end of the text");
    return node;
  }

 private:
  // While this lives, one more parenthesis or bracket is open.
  class Nested {
   public:
    explicit Nested(TagReader& reader) : reader_(reader) {
      if (++reader_.depth_ > max_tag_depth) {
        fail(reader_.place_ - 1, "nested deeper than " + std::to_string(max_tag_depth) + " levels");
      }
    }
    ~Nested() { --reader_.depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    TagReader& reader_;
  };

  [[noreturn]] static void fail(std::size_t place, const std::string& what) { throw TagError(place, what); }

  std::string_view rest() const { return text_.substr(place_); }

  void skip_spaces() {
    while (place_ < text_.size() && text_[place_] == ' ') ++place_;
  }

  // The next non-space character, or NUL at the end.
  char peek() {
    skip_spaces();
    return place_ < text_.size() ? text_[place_] : '\0';
  }

  bool take(char c) {
    skip_spaces();
    if (place_ == text_.size() || text_[place_] != c) return false;
    ++place_;
    return true;
  }

  void expect(char c, const char* what) {
    if (!take(c)) fail(place_, std::string("expected ") + what);
  }

  std::string_view peek_word() {
    skip_spaces();
    return rest().substr(0, word_length(rest()));
  }

  // A number, or inf with or without a sign; empty if none is there.
  std::string_view peek_number() {
    skip_spaces();
    const std::string_view text = rest();
    std::size_t length = number_length(text);
    if (length == 0) {
      const std::size_t sign = !text.empty() && text.front() == '-' ? 1 : 0;
      const std::size_t word = word_length(text.substr(sign));
      length = text.substr(sign, word) == "inf" ? sign + word : 0;
    }
    // "1.2.3" and "1e" are errors, not a number followed by something.
    if (length < text.size() && (is_letter(text[length]) || is_digit(text[length]) || text[length] == '.')) return {};
    return text.substr(0, length);
  }

  std::string_view read_number(const char* what) {
    const std::string_view number = peek_number();
    if (number.empty()) {
      fail(place_, peek_word() == "nan" ? "NaN is not a valid bound" : std::string("expected ") + what);
    }
    place_ += number.size();
    return number;
  }

  TagNode read_constraint(const char* otherwise) {
    TagNode node;
    node.text = peek_word();
    node.place = place_;
    if (!is_constraint_name(node.text)) fail(place_, node.text == "nan" ? "NaN is not a valid bound" : otherwise);
    place_ += node.text.size();
    skip_spaces();
    node.after_name = place_;
    if (take('(')) {
      const Nested nested(*this);
      if (peek() == ')' && takes_) {
        if (const std::string what = takes_(node.text); !what.empty()) fail(node.after_name, what);
      }
      read_arguments(node, ')', "',' or ')'");
    }
    skip_spaces();
    node.end = place_;
    return node;
  }

  void read_arguments(TagNode& node, char close, const char* expected) {
    do {
      node.children.push_back(read_argument());
    } while (take(','));
    expect(close, expected);
  }

  TagNode read_argument() {
    TagNode node;
    skip_spaces();
    node.place = place_;
    const std::string_view word = peek_word();
    if (take('[')) {
      node.kind = TagNode::Kind::list;
      const Nested nested(*this);
      if (!take(']')) read_arguments(node, ']', "',' or ']'");
    } else if (const auto dtype = parse_tag_element_type(word)) {
      node.kind = TagNode::Kind::tensor;
      node.dtype = *dtype;
      place_ += word.size();
      read_tensor(node);
    } else if (const std::string_view number = peek_number(); !number.empty()) {
      node.kind = TagNode::Kind::number;
      node.text = number;
      place_ += number.size();
    } else {
      node = read_constraint("expected a number, a tensor such as float32[0.5,1.0], a constraint or a list");
      if (peek() == '[') {
        fail(node.place,
             "expected a number, a tensor, a constraint or a list; a tensor's dtype is one of " + tag_element_types());
      }
    }
    skip_spaces();
    node.end = place_;
    return node;
  }

  void require_integer(std::string_view number, std::size_t place, IntegerRange range) {
    const std::optional<std::int64_t> value = parse_integer(number);
    if (!value) fail(place, "expected an integer of 64 bits");
    if (*value < range.least || *value > range.most) fail(place, out_of_range);
  }

  void read_element(TagNode& tensor) {
    skip_spaces();
    const std::size_t place = place_;
    const std::string_view number = read_number("a number");
    tensor.elements.push_back(number);
    const bool finite = !is_infinite(number);
    bool held = true;
    switch (tensor.dtype) {
      case ElementType::uint8:
        return require_integer(number, place, range_of<std::uint8_t>());
      case ElementType::int8:
        return require_integer(number, place, range_of<std::int8_t>());
      case ElementType::int16:
        return require_integer(number, place, range_of<std::int16_t>());
      case ElementType::int32:
        return require_integer(number, place, range_of<std::int32_t>());
      case ElementType::int64:
        return require_integer(number, place, range_of<std::int64_t>());
      case ElementType::float16:
        held = !finite || fits(number, float16_range);
        break;
      case ElementType::bfloat16:
        held = !finite || fits(number, bfloat16_range);
        break;
      case ElementType::float32:
        held = !finite || parse_float(number);
        break;
      case ElementType::float64:
        held = !finite || parse_double(number);
        break;
      case ElementType::boolean:
      case ElementType::complex64:
      case ElementType::complex128:
        held = false;
        break;
    }
    if (!held) fail(place, out_of_range);
  }

  // The elements in the shape's order; the first array at each depth fixes the length of all at that depth.
  void read_array(TagNode& tensor, std::size_t dim) {
    skip_spaces();
    const std::size_t start = place_;
    expect('[', "'[', as all elements stand in arrays of the same depth");
    const Nested nested(*this);
    const bool first = dim == tensor.shape.size();
    if (first) tensor.shape.push_back(-1);
    // The first innermost array decides whether numbers or arrays come here; before that, this one does.
    const bool is_innermost = first ? peek() != '[' : dim + 1 == tensor.shape.size();
    std::int64_t count = 0;
    do {
      if (is_innermost) {
        read_element(tensor);
      } else {
        read_array(tensor, dim + 1);
      }
      ++count;
    } while (take(','));
    expect(']', "',' or ']'");
    if (first) {
      tensor.shape[dim] = count;
    } else if (tensor.shape[dim] != count) {
      fail(start, "an array of " + std::to_string(count) + " where the first of this depth has " +
                      std::to_string(tensor.shape[dim]));
    }
  }

  void read_empty_shape(TagNode& tensor) {
    if (!take('(')) {
      tensor.shape = {0};
      return;
    }
    const Nested nested(*this);
    std::int64_t product = 1;
    bool empty = false;
    do {
      skip_spaces();
      const std::size_t place = place_;
      const std::optional<std::int64_t> size = parse_integer(read_number("an integer"));
      if (!size) fail(place, "expected an integer of 64 bits");
      constexpr std::int64_t most = std::int64_t{1} << 40;
      if (*size < 0 || *size > most || product > most / std::max<std::int64_t>(*size, 1)) {
        fail(place, "not a valid tensor size");
      }
      product *= std::max<std::int64_t>(*size, 1);
      empty = empty || *size == 0;
      tensor.shape.push_back(*size);
    } while (take(','));
    if (!empty || tensor.shape.size() > max_tag_depth) fail(place_, "expected the shape of a tensor without elements");
    expect(')', "',' or ')'");
  }

  // After its dtype.
  void read_tensor(TagNode& tensor) {
    if (take('(')) {
      const Nested nested(*this);
      read_element(tensor);
      expect(')', "')'");
    } else if (const std::size_t start = place_; take('[') && take(']')) {
      read_empty_shape(tensor);
    } else {
      place_ = start;
      read_array(tensor, 0);
    }
  }

  std::string_view text_;
  const Takes& takes_;
  std::size_t place_ = 0;
  std::size_t depth_ = 0;
};

void write(TagWriter& writer, const TagNode& node) {
  switch (node.kind) {
    case TagNode::Kind::name:
      writer.name(node.text);
      if (node.children.empty()) return;
      writer.begin_arguments();
      for (const TagNode& child : node.children) write(writer, child);
      return writer.end_arguments();
    case TagNode::Kind::number:
      return writer.text(node.text);
    case TagNode::Kind::tensor: {
      auto next = node.elements.begin();
      return writer.tensor(node.dtype, node.shape.data(), node.shape.size(), [&next] { return *next++; });
    }
    case TagNode::Kind::list:
      writer.begin_list();
      for (const TagNode& child : node.children) write(writer, child);
      return writer.end_list();
  }
}

}  // namespace

std::string describe(const TagError& error, std::string_view text) {
  constexpr std::size_t around = 40;
  const std::size_t place = error.place();
  const std::size_t first = place > around ? place - around : 0;
  const std::size_t last = std::min(text.size(), place + around);
  std::string line = first > 0 ? "..." : "";
  std::size_t caret = line.size();
  for (std::size_t i = first; i < last; ++i) {
    if (i == place) caret = line.size();
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x7f) {
      line += text[i];
    } else {
      constexpr std::string_view hex = "0123456789abcdef";
      line += {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    }
  }
  if (place >= last) caret = line.size();
  line += last < text.size() ? "..." : "";
  return std::string("not a constraint: ") + error.what() + ", at column " + std::to_string(place + 1) + " of\n  " +
         line + "\n  " + std::string(caret, ' ') + '^';
}

TagNode parse_tag_tree(std::string_view text, const Takes& takes) { return TagReader(text, takes).read(); }

bool is_constraint_name(std::string_view text) noexcept {
  return !text.empty() && word_length(text) == text.size() && text != "inf" && text != "nan" &&
         !parse_tag_element_type(text);
}

double tag_real(const TagNode& node) {
  if (!is_infinite(node.text) && !parse_double(node.text)) throw TagError(node.place, out_of_range);
  return tag_element<double>(node.text);
}

std::int64_t tag_integer(const TagNode& node) {
  const std::optional<std::int64_t> value = parse_integer(node.text);
  if (!value) throw TagError(node.place, "expected an integer of 64 bits");
  return *value;
}

template <typename Number>
Number tag_element(std::string_view element) {
  if constexpr (std::is_integral_v<Number>) {
    return parse_integer(element).value();
  } else {
    if (is_infinite(element)) {
      constexpr Number infinity = std::numeric_limits<Number>::infinity();
      return element.front() == '-' ? -infinity : infinity;
    }
    if constexpr (std::is_same_v<Number, double>) {
      return parse_double(element).value();
    } else {
      return parse_float(element).value();
    }
  }
}
template float tag_element<float>(std::string_view);
template double tag_element<double>(std::string_view);
template std::int64_t tag_element<std::int64_t>(std::string_view);

void TagWriter::separate() {
  if (!first_) tag_ += ", ";
  first_ = false;
}

void TagWriter::name(std::string_view name) { text(name); }

void TagWriter::begin_arguments() {
  tag_ += '(';
  first_ = true;
}

void TagWriter::end_arguments() {
  tag_ += ')';
  first_ = false;
}

void TagWriter::begin_list() {
  separate();
  tag_ += '[';
  first_ = true;
}

void TagWriter::end_list() {
  tag_ += ']';
  first_ = false;
}

void TagWriter::text(std::string_view text) {
  separate();
  tag_ += text;
}

bool TagWriter::begin_tensor(ElementType dtype, const std::int64_t* shape, std::size_t dims) {
  text(element_type_name(dtype));
  if (std::find(shape, shape + dims, 0) == shape + dims) return true;
  tag_ += "[](";
  for (std::size_t i = 0; i < dims; ++i) tag_.append(i == 0 ? "" : ",").append(std::to_string(shape[i]));
  tag_ += ')';
  return false;
}

std::string write_tag_tree(const TagNode& node) {
  TagWriter writer;
  write(writer, node);
  return writer.take();
}

std::size_t tag_depth(std::string_view tag) noexcept {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  for (const char c : tag) {
    if (c == '(' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if (c == ')' || c == ']') {
      --depth;
    }
  }
  return deepest;
}

}  // namespace paramstore
