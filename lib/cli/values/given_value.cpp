#include "lib/cli/values/given_value.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "lib/cli/exit_status.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/values/npy.h"

namespace paramstore::cli {
namespace {

constexpr std::size_t most_dimensions = 64;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Removes the number at the front of `text` and returns it; null if there is none. Reads what strtod reads, except
/// hexadecimal. Throws UsageError if it is too large for any dtype, except for 9e999, which stands for infinity in JSON.
std::optional<double> take_number(std::string_view& text, const std::string& source) {
  constexpr std::size_t longest = 400;  // digits of any double
  std::size_t at = text.empty() || (text[0] != '-' && text[0] != '+') ? 0 : 1;
  if (at >= text.size() || std::isspace(static_cast<unsigned char>(text[at])) != 0) return std::nullopt;
  if (text[at] == '0' && at + 1 < text.size() && (text[at + 1] == 'x' || text[at + 1] == 'X')) return std::nullopt;
  const std::string copy(text.substr(0, longest));  // strtod needs a terminating NUL
  char* end = nullptr;
  const double number = std::strtod(copy.c_str(), &end);
  const auto length = static_cast<std::size_t>(end - copy.c_str());
  if (length == 0 || (length == longest && text.size() > longest)) return std::nullopt;
  const std::string_view digits = std::string_view(copy).substr(0, length).substr(at);
  if (std::isinf(number) && std::isalpha(static_cast<unsigned char>(digits.front())) == 0 && digits != "9e999") {
    throw UsageError(source + ": " + shown_name(copy.substr(0, std::min<std::size_t>(length, 40))) +
                     " is too large for any dtype; infinity is written inf, and 9e999 in JSON");
  }
  text.remove_prefix(length);
  return number;
}

class JsonReader {
 public:
  JsonReader(std::string_view text, const std::string& source, bool complex)
      : text_(text), whole_(text.size()), source_(source), complex_(complex) {}

  GivenValue read() {
    read_item(0);
    skip_spaces();
    if (!text_.empty()) fail("expected the end");
    if (complex_) pair_up();
    value_.shape = sizes_;
    return std::move(value_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw UsageError(source_ + ": is not JSON numbers in nested arrays: " + what + " at byte " +
                     std::to_string(whole_ - text_.size()));
  }

  void skip_spaces() {
    while (!text_.empty() && is_space(text_.front())) text_.remove_prefix(1);
  }

  bool take(char c) {
    skip_spaces();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }

  void read_item(std::size_t depth) {
    if (take('[')) return read_array(depth);
    if (sizes_known_ && depth != sizes_.size()) fail("expected an array, as before");
    sizes_known_ = true;  // the first number determines the depth
    if (text_.substr(0, 4) == "null") {
      text_.remove_prefix(4);
      value_.numbers.push_back({std::numeric_limits<double>::quiet_NaN(), 0});
    } else if (const auto number = take_number(text_, source_)) {
      value_.numbers.push_back({*number, 0});
    } else {
      fail("expected a number");
    }
  }

  void read_array(std::size_t depth) {
    if (depth >= most_dimensions) fail("there are more than 64 dimensions");
    if (sizes_known_ && depth >= sizes_.size()) fail("expected a number, as before");
    const bool first = depth == sizes_.size();
    if (first) sizes_.push_back(-1);
    std::int64_t count = 0;
    if (!take(']')) {
      do {
        read_item(depth + 1);
        ++count;
      } while (take(','));
      if (!take(']')) fail("expected , or ]");
    } else {
      sizes_known_ = true;
    }
    if (sizes_[depth] == -1) sizes_[depth] = count;
    if (sizes_[depth] != count) {
      fail("an array of " + std::to_string(count) + " follows arrays of " + std::to_string(sizes_[depth]));
    }
  }

  void pair_up() {
    if (value_.numbers.empty()) return;
    if (sizes_.empty() || sizes_.back() != 2) fail("the innermost arrays of complex numbers must be [re,im]");
    sizes_.pop_back();
    for (std::size_t i = 0; i < value_.numbers.size() / 2; ++i) {
      value_.numbers[i] = {value_.numbers[2 * i].real, value_.numbers[2 * i + 1].real};
    }
    value_.numbers.resize(value_.numbers.size() / 2);
  }

  std::string_view text_;
  std::size_t whole_;
  const std::string& source_;
  bool complex_;
  GivenValue value_;
  std::vector<std::int64_t> sizes_;  // by depth; -1 while the first array of that depth is being read
  bool sizes_known_ = false;         // whether the number of dimensions is known
};

// "1.5", "-inf", "1+2j", "2j", "(1+2j)"
std::optional<numeric::Element> parse_word(std::string_view word, const std::string& source) {
  if (word.size() > 2 && word.front() == '(' && word.back() == ')') word = word.substr(1, word.size() - 2);
  const auto first = take_number(word, source);
  if (!first) return std::nullopt;
  if (word.empty()) return numeric::Element{*first, 0};
  if (word == "j") return numeric::Element{0, *first};
  if (word.front() != '+' && word.front() != '-') return std::nullopt;
  const auto second = take_number(word, source);
  if (!second || word != "j") return std::nullopt;
  return numeric::Element{*first, *second};
}

}  // namespace

GivenValue parse_json_value(std::string_view json, const std::string& source, bool complex) {
  return JsonReader(json, source, complex).read();
}

GivenValue parse_text_value(std::string_view text, const std::string& source) {
  GivenValue value;
  std::size_t line = 1;
  const auto ends_word = [](char c) { return is_space(c) || c == ',' || c == ';' || c == '#'; };
  while (!text.empty()) {
    if (text.front() == '#') {
      text.remove_prefix(std::min(text.find('\n'), text.size()));
    } else if (ends_word(text.front())) {
      if (text.front() == '\n') ++line;
      text.remove_prefix(1);
    } else {
      std::size_t length = 0;
      while (length < text.size() && !ends_word(text[length])) ++length;
      const std::string_view word = text.substr(0, length);
      const auto number = parse_word(word, source);
      if (!number) {
        throw UsageError(source + ": " + shown_name(word.substr(0, 40)) + " in line " + std::to_string(line) +
                         " is not a number; a value is numbers, JSON, or a .npy file");
      }
      value.numbers.push_back(*number);
      text.remove_prefix(length);
    }
  }
  if (value.numbers.empty()) throw UsageError(source + ": has no numbers");
  return value;
}

GivenValue parse_value(std::string_view contents, const std::string& source, bool complex) {
  if (is_npy(contents)) return parse_npy(contents, source);
  const std::size_t start = contents.find_first_not_of(" \t\r\n");
  if (start != std::string_view::npos && contents[start] == '[') return parse_json_value(contents, source, complex);
  return parse_text_value(contents, source);
}

}  // namespace paramstore::cli
