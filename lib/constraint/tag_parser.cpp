#include "lib/constraint/tag_parser.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/ScalarType.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "lib/constraint/describe.h"
#include "lib/constraint/dtype_names.h"
#include "lib/constraint/kind.h"
#include "lib/constraint/node.h"
#include "lib/constraint/registry.h"
#include "lib/text/number_text.h"
#include "lib/text/tag_limits.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t word_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && (is_letter(text[length]) || (length > 0 && is_digit(text[length])))) {
    ++length;
  }
  return length;
}

// A line of the text with a caret below the place; bytes that could upset a terminal are shown as \xNN.
std::string picture(std::string_view text, std::size_t place) {
  constexpr std::size_t around = 40;
  const std::size_t first = place > around ? place - around : 0;
  const std::size_t last = std::min(text.size(), place + around);
  std::string line = first > 0 ? "..." : "";
  std::size_t caret = line.size();
  for (std::size_t i = first; i < last; ++i) {
    if (i == place) {
      caret = line.size();
    }
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x7f) {
      line += text[i];
    } else {
      constexpr std::string_view hex = "0123456789abcdef";
      line += {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    }
  }
  if (place >= last) {
    caret = line.size();
  }
  line += last < text.size() ? "..." : "";
  return "\n  " + line + "\n  " + std::string(caret, ' ') + '^';
}

// Reads from left to right in one pass. An unknown name builds nothing, but what follows it must still be a valid tag.
class TagParser {
 public:
  explicit TagParser(std::string_view text) : text_(text) {}

  Constraint parse() {
    if (text_.size() > max_tag_bytes) {
      fail(0, "the text is " + std::to_string(text_.size()) + " bytes long, " + std::to_string(max_tag_bytes) +
                  " is the most");
    }
    std::optional<Constraint> constraint = read_constraint();
    skip_spaces();
    if (place_ < text_.size()) {
      fail(place_, "expected the end of the text");
    }
    return constraint ? *std::move(constraint) : make_unknown(std::string(text_));
  }

 private:
  // While this lives, one more parenthesis or bracket is open.
  class Nested {
   public:
    explicit Nested(TagParser& parser) : parser_(parser) {
      if (++parser_.depth_ > max_tag_depth) {
        parser_.fail(parser_.place_ - 1, "nested deeper than " + std::to_string(max_tag_depth) + " levels");
      }
    }
    ~Nested() { --parser_.depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    TagParser& parser_;
  };

  [[noreturn]] void fail(std::size_t place, const std::string& what) const {
    throw UnknownConstraint(
        "not a constraint: " + what + ", at column " + std::to_string(place + 1) + " of" + picture(text_, place),
        std::string(text_));
  }

  std::string_view rest() const { return text_.substr(place_); }

  void skip_spaces() {
    while (place_ < text_.size() && text_[place_] == ' ') {
      ++place_;
    }
  }

  // The next non-space character, or NUL at the end.
  char peek() {
    skip_spaces();
    return place_ < text_.size() ? text_[place_] : '\0';
  }

  bool take(char c) {
    if (place_ < text_.size() && peek() == c && c != '\0') {
      ++place_;
      return true;
    }
    return false;
  }

  void expect(char c, const char* instead = nullptr) {
    if (!take(c)) {
      skip_spaces();
      fail(place_, instead != nullptr ? std::string("expected ") + instead : std::string("expected '") + c + "'");
    }
  }

  std::string_view peek_word() {
    skip_spaces();
    return rest().substr(0, word_length(rest()));
  }

  // A number, or inf with or without a sign.
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
    if (length < text.size() && (is_letter(text[length]) || is_digit(text[length]) || text[length] == '.')) {
      return {};
    }
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

  template <typename Real>
  Real read_real() {
    const std::string_view number = read_number("a number");
    const std::size_t place = place_ - number.size();
    if (number.back() == 'f') {
      return number.front() == '-' ? -std::numeric_limits<Real>::infinity() : std::numeric_limits<Real>::infinity();
    }
    std::optional<Real> value;
    if constexpr (std::is_same_v<Real, double>) {
      value = parse_double(number);
    } else {
      value = parse_float(number);
    }
    if (!value) {
      fail(place, "a number that its dtype cannot hold");
    }
    return *value;
  }

  std::int64_t read_integer() {
    const std::string_view number = read_number("an integer");
    const std::optional<std::int64_t> value = parse_integer(number);
    if (!value) {
      fail(place_ - number.size(), "expected an integer of 64 bits");
    }
    return *value;
  }

  template <typename Element>
  Element read_element() {
    if constexpr (std::is_integral_v<Element>) {
      skip_spaces();
      const std::size_t place = place_;
      const std::int64_t value = read_integer();
      if (value < std::int64_t{std::numeric_limits<Element>::min()} ||
          value > std::int64_t{std::numeric_limits<Element>::max()}) {
        fail(place, "a number that its dtype cannot hold");
      }
      return static_cast<Element>(value);
    } else if constexpr (std::is_same_v<Element, double>) {
      return read_real<double>();
    } else {
      skip_spaces();
      const std::size_t place = place_;
      const auto wide = read_real<float>();
      const auto value = static_cast<Element>(wide);
      const auto back = static_cast<float>(value);
      if (std::isinf(back) != std::isinf(wide) || (back == 0) != (wide == 0)) {
        fail(place, "a number that its dtype cannot hold");
      }
      return value;
    }
  }

  // The elements in `shape`'s order; the first array at each depth fixes the length of all at that depth.
  template <typename Element>
  void read_array(std::vector<Element>& elements, std::vector<std::int64_t>& shape, std::size_t dim) {
    const std::size_t start = place_;
    expect('[', "'[', as all elements stand in arrays of the same depth");
    const Nested nested(*this);
    const bool first = dim == shape.size();
    if (first) {
      shape.push_back(-1);
    }
    // The first innermost array decides whether numbers or arrays come here; before that, this one does.
    const bool is_innermost = first ? peek() != '[' : dim + 1 == shape.size();
    std::int64_t count = 0;
    do {
      if (is_innermost) {
        elements.push_back(read_element<Element>());
      } else {
        skip_spaces();
        read_array(elements, shape, dim + 1);
      }
      ++count;
    } while (take(','));
    expect(']', "',' or ']'");
    if (first) {
      shape[dim] = count;
    } else if (shape[dim] != count) {
      fail(start,
           "an array of " + std::to_string(count) + " where the first of this depth has " + std::to_string(shape[dim]));
    }
  }

  std::vector<std::int64_t> read_empty_shape() {
    if (!take('(')) {
      return {0};
    }
    const Nested nested(*this);
    std::vector<std::int64_t> shape;
    std::int64_t product = 1;
    bool empty = false;
    do {
      skip_spaces();
      const std::size_t place = place_;
      const std::int64_t size = read_integer();
      constexpr std::int64_t most = std::int64_t{1} << 40;
      if (size < 0 || size > most || product > most / std::max<std::int64_t>(size, 1)) {
        fail(place, "not a valid tensor size");
      }
      product *= std::max<std::int64_t>(size, 1);
      empty = empty || size == 0;
      shape.push_back(size);
    } while (take(','));
    if (!empty || shape.size() > max_tag_depth) {
      fail(place_, "expected the shape of a tensor without elements");
    }
    expect(')', "',' or ')'");
    return shape;
  }

  template <typename Element>
  at::Tensor read_elements(c10::ScalarType dtype) {
    std::vector<Element> elements;
    std::vector<std::int64_t> shape;
    if (take('(')) {
      const Nested nested(*this);
      elements.push_back(read_element<Element>());
      expect(')');
    } else if (const std::size_t start = place_; take('[') && take(']')) {
      shape = read_empty_shape();
    } else {
      place_ = start;
      read_array(elements, shape, 0);
    }
    const c10::InferenceMode ordinary(false);  // a tensor made under an inference guard cannot be saved for backward
    at::Tensor tensor = at::empty(shape, at::TensorOptions(dtype));
    std::copy(elements.begin(), elements.end(), tensor.data_ptr<Element>());
    return tensor;
  }

  at::Tensor read_tensor(c10::ScalarType dtype) {
    place_ += peek_word().size();
    switch (dtype) {
      case c10::ScalarType::Half:
        return read_elements<at::Half>(dtype);
      case c10::ScalarType::BFloat16:
        return read_elements<at::BFloat16>(dtype);
      case c10::ScalarType::Float:
        return read_elements<float>(dtype);
      case c10::ScalarType::Double:
        return read_elements<double>(dtype);
      case c10::ScalarType::Char:
        return read_elements<std::int8_t>(dtype);
      case c10::ScalarType::Byte:
        return read_elements<std::uint8_t>(dtype);
      case c10::ScalarType::Short:
        return read_elements<std::int16_t>(dtype);
      case c10::ScalarType::Int:
        return read_elements<std::int32_t>(dtype);
      default:
        return read_elements<std::int64_t>(dtype);
    }
  }

  Bound read_bound() {
    if (const auto dtype = bound_dtype(peek_word())) {
      return read_tensor(*dtype);
    }
    if (peek_number().empty() && peek_word() != "nan") {
      fail(place_, "expected a number, or a tensor such as float32[0.5,1.0]");
    }
    return read_real<double>();
  }

  template <typename Read>
  void read_list(const Read& read) {
    expect('[');
    const Nested nested(*this);
    if (take(']')) {
      return;
    }
    do {
      read();
    } while (take(','));
    expect(']', "',' or ']'");
  }

  // nullopt if the argument is, or contains, an unknown constraint.
  std::optional<Argument> read_argument(ArgumentType type) {
    switch (type) {
      case ArgumentType::bound:
        return read_bound();
      case ArgumentType::integer:
        return read_integer();
      case ArgumentType::constraint:
        return read_constraint();
      case ArgumentType::constraints: {
        std::vector<Constraint> constraints;
        bool known = true;
        read_list([&] {
          if (std::optional<Constraint> constraint = read_constraint()) {
            constraints.push_back(*std::move(constraint));
          } else {
            known = false;
          }
        });
        return known ? std::optional<Argument>(std::move(constraints)) : std::nullopt;
      }
      case ArgumentType::integers: {
        std::vector<std::int64_t> integers;
        read_list([&] { integers.push_back(read_integer()); });
        return integers;
      }
    }
    return std::nullopt;
  }

  // An argument of an unknown name: any of the above.
  void skip_argument() {
    if (peek() == '[') {
      read_list([this] { skip_argument(); });
    } else if (const auto dtype = bound_dtype(peek_word())) {
      read_tensor(*dtype);
    } else if (!peek_number().empty()) {
      place_ += peek_number().size();
    } else {
      read_name("an argument");
      skip_arguments();
    }
  }

  void skip_arguments() {
    if (!take('(')) {
      return;
    }
    const Nested nested(*this);
    do {
      skip_argument();
    } while (take(','));
    expect(')', "',' or ')'");
  }

  std::string_view read_name(const char* what) {
    const std::string_view word = peek_word();
    if (!is_constraint_name(word)) {
      fail(place_, std::string("expected ") + what);
    }
    place_ += word.size();
    return word;
  }

  std::optional<Constraint> read_constraint() {
    const std::string_view name = read_name("the name of a constraint");
    const std::size_t start = place_ - name.size();
    const ConstraintKind* kind = Registry::instance().find(name);
    if (kind == nullptr) {
      skip_arguments();
      return std::nullopt;
    }
    const std::vector<Parameter>& parameters = kind->parameters();
    const auto wrong_count = [&] {
      fail(place_, kind->signature() + " takes " +
                       (parameters.empty() ? "no arguments"
                                           : counted(static_cast<std::int64_t>(parameters.size()), "argument")) +
                       " (" + kind->documentation() + ")");
    };
    std::vector<Argument> arguments;
    bool known = true;
    if (peek() == '(') {
      if (parameters.empty()) {
        wrong_count();
      }
      ++place_;
      const Nested nested(*this);
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (i > 0) {
          if (peek() == ')') {
            wrong_count();
          }
          expect(',');
        }
        if (std::optional<Argument> argument = read_argument(parameters[i].type)) {
          arguments.push_back(*std::move(argument));
        } else {
          known = false;
        }
      }
      if (peek() == ',') {
        wrong_count();
      }
      expect(')', "',' or ')'");
    } else if (!parameters.empty()) {
      wrong_count();
    }
    if (!known) {
      return std::nullopt;
    }
    try {
      return make_constraint(*kind, std::move(arguments));
    } catch (const Error& error) {
      fail(start, error.what());
    }
  }

  std::string_view text_;
  std::size_t place_ = 0;
  std::size_t depth_ = 0;
};

}  // namespace

bool is_constraint_name(std::string_view text) {
  return !text.empty() && word_length(text) == text.size() && text != "inf" && text != "nan" && !bound_dtype(text);
}

Constraint parse_tag(std::string_view text) {
  if (const Constraint* constraint = Registry::instance().find_constraint(text)) {
    return *constraint;
  }
  return TagParser(text).parse();
}

}  // namespace paramstore
