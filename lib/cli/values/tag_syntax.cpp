#include "lib/cli/values/tag_syntax.h"

#include <algorithm>
#include <array>

#include "lib/cli/terminal/escape.h"
#include "lib/text/number_text.h"
#include "lib/text/tag_limits.h"

namespace paramstore::cli {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::array<std::string_view, 9> bound_dtypes{"float16", "bfloat16", "float32", "float64", "int8",
                                                       "uint8",   "int16",    "int32",   "int64"};

struct TagError {
  std::string what;
};

class TagReader {
 public:
  explicit TagReader(std::string_view tag) : rest_(tag), whole_(tag.size()) {}

  void read() {
    constraint(0);
    skip_spaces();
    if (!rest_.empty()) fail("expected the end");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw TagError{what + " at character " + std::to_string(whole_ - rest_.size() + 1)};
  }
  void skip_spaces() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }
  bool take(char c) {
    skip_spaces();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail(std::string("expected ") + c);
  }
  static std::size_t deeper(std::size_t depth, const TagReader& reader) {
    if (depth + 1 > max_tag_depth) reader.fail("too many parentheses and brackets");
    return depth + 1;
  }

  std::string_view word() {
    skip_spaces();
    std::size_t length = 0;
    while (length < rest_.size() && (is_letter(rest_[length]) || (length > 0 && is_digit(rest_[length])))) ++length;
    return rest_.substr(0, length);
  }

  bool take_number() {
    skip_spaces();
    std::size_t length = number_length(rest_);
    if (length == 0) {
      for (const std::string_view infinity : {"inf", "-inf"}) {
        if (rest_.substr(0, infinity.size()) == infinity) length = infinity.size();
      }
    }
    rest_.remove_prefix(length);
    return length > 0;
  }

  void constraint(std::size_t depth) {
    const std::string_view name = word();
    if (name.empty()) fail("expected a constraint's name");
    rest_.remove_prefix(name.size());
    if (!take('(')) return;
    list(')', deeper(depth, *this));
  }

  void list(char end, std::size_t depth) {
    if (take(end)) return;
    do argument(depth);
    while (take(','));
    if (!take(end)) fail(std::string("expected , or ") + end);
  }

  void argument(std::size_t depth) {
    if (take('[')) return list(']', deeper(depth, *this));
    const std::string_view name = word();
    if (std::find(bound_dtypes.begin(), bound_dtypes.end(), name) != bound_dtypes.end()) {
      rest_.remove_prefix(name.size());
      return tensor(depth);
    }
    if (name != "inf" && !name.empty()) return constraint(depth);
    if (!take_number()) fail("expected a number, a tensor, a constraint or a list");
  }

  // After its dtype.
  void tensor(std::size_t depth) {
    if (take('(')) {
      if (!take_number()) fail("expected a number");
      return expect(')');
    }
    expect('[');
    elements(deeper(depth, *this));
    if (take('(')) list(')', deeper(depth, *this));  // the shape of a tensor without elements
  }

  // After their opening bracket.
  void elements(std::size_t depth) {
    if (take(']')) return;
    do {
      if (take('[')) {
        elements(deeper(depth, *this));
      } else if (!take_number()) {
        fail("expected a number");
      }
    } while (take(','));
    if (!take(']')) fail("expected , or ]");
  }

  std::string_view rest_;
  std::size_t whole_;
};

}  // namespace

std::optional<std::string> tag_error(std::string_view tag) {
  try {
    TagReader(tag).read();
    return std::nullopt;
  } catch (const TagError& error) {
    return "the constraint tag " + shown_name(tag.substr(0, 80)) + " is invalid: " + error.what;
  }
}

}  // namespace paramstore::cli
