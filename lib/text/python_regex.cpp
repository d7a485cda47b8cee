#include "lib/text/python_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "paramstore/error.h"

namespace paramstore {
namespace {

// Far more than any name needs; a pathological pattern reaches it within a second.
constexpr std::uint32_t match_limit = 1'000'000;
constexpr std::uint32_t heap_limit_kib = 64 * 1024;

template <auto free_function>
struct Free {
  template <class T>
  void operator()(T* pointer) const noexcept {
    free_function(pointer);
  }
};
using Code = std::unique_ptr<pcre2_code, Free<pcre2_code_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Free<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Free<pcre2_match_context_free>>;
using CompileContext = std::unique_ptr<pcre2_compile_context, Free<pcre2_compile_context_free>>;

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 256> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

[[noreturn]] void refuse(std::string_view pattern, std::size_t at, const std::string& why) {
  throw Error("the pattern '" + std::string(pattern) + "' does not compile: " + why + " at position " +
              std::to_string(at) + "; patterns are written as for Python's module re");
}

// What Python takes for white space, as the inside of a character class.
constexpr std::string_view white_space = "\\t-\\r\\x1c-\\x1f\\x85\\p{Z}";

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_octal(char c) { return c >= '0' && c <= '7'; }

/// Rewrites one pattern, character by character. What PCRE2 takes and Python refuses, or takes for something else, is
/// refused or rewritten here; mistakes that are mistakes in both are left to PCRE2.
class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  std::string translate() {
    while (at_ < pattern_.size()) {
      switch (pattern_[at_]) {
        case '\\':
          escape(false);
          break;
        case '[':
          character_class();
          break;
        case '(':
          group();
          break;
        case ')':
          close_group();
          break;
        case '{':
          braces();
          break;
        case '#':
          if (verbose_) {
            comment();
          } else {
            copy(1);
          }
          break;
        default:
          copy(1);
      }
    }
    return std::move(result_);
  }

 private:
  struct OpenGroup {
    std::size_t number;  // 0: it captures nothing
    bool verbose_before;
  };

  bool starts_with(std::string_view text) const { return pattern_.substr(at_, text.size()) == text; }

  /// How many characters from `from` satisfy `accepts`, at most `limit`.
  template <class Predicate>
  std::size_t count(std::size_t from, Predicate accepts, std::size_t limit = std::string_view::npos) const {
    std::size_t n = 0;
    while (n < limit && from + n < pattern_.size() && accepts(pattern_[from + n])) ++n;
    return n;
  }

  void copy(std::size_t length) {
    result_ += pattern_.substr(at_, length);
    at_ += length;
  }

  /// \x41, \u0041 and \U00000041: exactly so many digits.
  void hex_escape(std::size_t digits) {
    const std::size_t found = count(at_ + 2, is_hex, digits);
    if (found != digits) refuse(pattern_, at_, "incomplete escape " + std::string(pattern_.substr(at_, 2 + found)));
    result_ += "\\x{" + std::string(pattern_.substr(at_ + 2, digits)) + "}";
    at_ += 2 + digits;
  }

  void octal_escape(std::size_t digits) {
    const std::string text(pattern_.substr(at_ + 1, digits));
    if (std::stoul(text, nullptr, 8) > 0377)
      refuse(pattern_, at_, "octal escape value \\" + text + " outside of range 0-0o377");
    result_ += "\\o{" + text + "}";
    at_ += 1 + digits;
  }

  /// \0, \012 and \101 are octal, \1 and \12 groups.
  void digit_escape(bool in_class) {
    const std::size_t octal_digits = count(at_ + 1, is_octal, 3);
    if (pattern_[at_ + 1] == '0' || octal_digits == 3) return octal_escape(octal_digits);
    if (in_class && octal_digits > 0) return octal_escape(octal_digits);
    const std::size_t digits = count(at_ + 1, is_digit, 2);
    const std::string text(pattern_.substr(at_ + 1, digits));
    if (in_class) refuse(pattern_, at_, "bad escape \\" + text);
    require_closed(std::stoul(text));
    result_ += "\\g{" + text + "}";
    at_ += 1 + digits;
  }

  void require_closed(std::size_t number) const {
    if (number > groups_) refuse(pattern_, at_, "invalid group reference " + std::to_string(number));
    for (const OpenGroup& open : open_) {
      if (open.number == number) refuse(pattern_, at_, "cannot refer to an open group");
    }
  }

  void escape(bool in_class) {
    if (at_ + 1 >= pattern_.size()) refuse(pattern_, at_, "bad escape (end of pattern)");
    const char c = pattern_[at_ + 1];
    if (is_digit(c)) return digit_escape(in_class);
    if (!is_letter(c)) return copy(2);
    switch (c) {
      case 'x':
        return hex_escape(2);
      case 'u':
        return hex_escape(4);
      case 'U':
        return hex_escape(8);
      case 's':  // with the separators \x1c to \x1f, and without U+180E, which PCRE2 still counts
        result_ += in_class ? "\\x1c-\\x1f\\s" : "[" + std::string(white_space) + "]";
        at_ += 2;
        return;
      case 'S':
        if (in_class) return copy(2);  // [\s\S] must stay everything; these few characters apart it is the same
        result_ += "[^" + std::string(white_space) + "]";
        at_ += 2;
        return;
      case 'v':  // a vertical tab; PCRE2's is any vertical space
        result_ += "\\x0b";
        at_ += 2;
        return;
      case 'Z':  // the very end; PCRE2's lets a last newline follow
        if (in_class) break;
        result_ += "\\z";
        at_ += 2;
        return;
      default: {
        const std::string_view known = in_class ? "abdDfnrtwW" : "abABdDfnrtwWz";
        if (known.find(c) != std::string_view::npos) return copy(2);
      }
    }
    refuse(pattern_, at_, std::string("bad escape \\") + c);
  }

  void character_class() {
    const std::size_t start = at_;
    copy(1);
    if (starts_with("^")) copy(1);
    if (starts_with("]")) {  // first in a class it is an ordinary character
      result_ += "\\]";
      ++at_;
    }
    while (at_ < pattern_.size() && pattern_[at_] != ']') {
      if (pattern_[at_] == '\\') {
        escape(true);
      } else if (pattern_[at_] == '[') {  // no POSIX classes in Python
        result_ += "\\[";
        ++at_;
      } else {
        copy(1);
      }
    }
    if (at_ >= pattern_.size()) refuse(pattern_, start, "unterminated character set");
    copy(1);
  }

  /// Of a verbose pattern, to the end of the line.
  void comment() {
    const std::size_t end = pattern_.find('\n', at_);
    at_ = end == std::string_view::npos ? pattern_.size() : end + 1;
  }

  void group() {
    if (starts_with("(*")) refuse(pattern_, at_ + 1, "nothing to repeat");
    if (!starts_with("(?")) return open_group("(", true);
    if (starts_with("(?#")) {
      const std::size_t end = pattern_.find(')', at_);
      if (end == std::string_view::npos) refuse(pattern_, at_, "missing ), unterminated comment");
      at_ = end + 1;
      return;
    }
    if (starts_with("(?P<")) return named_group();
    if (starts_with("(?P=")) return named_reference();
    if (starts_with("(?(")) return conditional();
    for (std::string_view opening : {"(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
      if (starts_with(opening)) return open_group(opening, false);
    }
    flags();
  }

  void open_group(std::string_view opening, bool captures) {
    open_.push_back({captures ? ++groups_ : 0, verbose_});
    copy(opening.size());
  }

  void close_group() {
    if (!open_.empty()) {
      verbose_ = open_.back().verbose_before;
      open_.pop_back();
    }
    copy(1);
  }

  /// The text from `from` to the next `terminator`.
  std::string name_until(std::size_t from, char terminator) const {
    const std::size_t end = pattern_.find(terminator, from);
    if (end == std::string_view::npos)
      refuse(pattern_, from, std::string("missing ") + terminator + ", unterminated name");
    return std::string(pattern_.substr(from, end - from));
  }

  void named_group() {
    const std::string name = name_until(at_ + 4, '>');
    open_group("(?P<", true);
    names_.emplace(name, groups_);
  }

  std::size_t number_of(const std::string& name) const {
    auto found = names_.find(name);
    if (found == names_.end()) refuse(pattern_, at_, "unknown group name '" + name + "'");
    return found->second;
  }

  void named_reference() {
    const std::string name = name_until(at_ + 4, ')');
    require_closed(number_of(name));
    copy(4 + name.size() + 1);
  }

  /// (?(1)yes|no) and (?(name)yes|no); PCRE2 knows more conditions.
  void conditional() {
    const std::string condition = name_until(at_ + 3, ')');
    if (!condition.empty() && count(at_ + 3, is_digit) == condition.size()) {
      result_ += "(?(" + condition + ")";
    } else {
      result_ += "(?(" + std::to_string(number_of(condition)) + ")";
    }
    open_.push_back({0, verbose_});
    at_ += 3 + condition.size() + 1;
  }

  /// (?i), at the start only, and (?i-s:...)
  void flags() {
    const auto is_flag = [](char c) { return std::string_view("aimsux").find(c) != std::string_view::npos; };
    const std::size_t on_length = count(at_ + 2, is_flag);
    const std::string_view on = pattern_.substr(at_ + 2, on_length);
    std::size_t end = at_ + 2 + on_length;
    std::string_view off;
    if (end < pattern_.size() && pattern_[end] == '-') {
      off = pattern_.substr(end + 1, count(end + 1, is_flag));
      end += 1 + off.size();
      if (off.empty()) refuse(pattern_, end, "missing flag");
    }
    const char last = end < pattern_.size() ? pattern_[end] : '\0';
    const bool scoped = last == ':' && on_length + off.size() > 0;
    const bool global = last == ')' && on_length > 0 && off.empty();
    if (!scoped && !global) refuse(pattern_, at_ + 1, "unknown extension " + std::string(pattern_.substr(at_ + 1, 2)));
    if (global && flags_end_ != result_.size())
      refuse(pattern_, at_, "global flags not at the start of the expression");
    if (on.find('a') != std::string_view::npos)
      refuse(pattern_, at_, "the ASCII flag is not supported; names are Unicode");
    if (off.find_first_of("au") != std::string_view::npos)
      refuse(pattern_, at_, "cannot turn off the flags 'a' and 'u'");
    if (on.find_first_of(off) != std::string_view::npos) refuse(pattern_, at_, "a flag turned on and off");

    if (scoped) open_.push_back({0, verbose_});
    if (on.find('x') != std::string_view::npos) verbose_ = true;
    if (off.find('x') != std::string_view::npos) verbose_ = false;
    result_ += "(?";
    for (char flag : on) {
      if (flag != 'u') result_ += flag;  // u is how we match anyway
    }
    if (!off.empty()) result_ += "-" + std::string(off);
    at_ = end;
    copy(1);
    if (global) flags_end_ = result_.size();
  }

  /// x{2}, x{2,}, x{,3} and x{,}, which is x*. Any other brace is an ordinary character.
  void braces() {
    const std::size_t low = count(at_ + 1, is_digit);
    std::size_t end = at_ + 1 + low;
    const bool comma = end < pattern_.size() && pattern_[end] == ',';
    if (comma) end += 1 + count(end + 1, is_digit);
    const bool repeats = (low > 0 || comma) && end < pattern_.size() && pattern_[end] == '}';
    if (!repeats) {
      result_ += "\\{";
      ++at_;
      return;
    }
    result_ += low > 0 ? "{" : "{0";
    ++at_;
    copy(end - at_ + 1);
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::string result_;
  bool verbose_ = false;         // under the flag x
  std::vector<OpenGroup> open_;  // innermost last
  std::size_t groups_ = 0;       // capturing groups so far
  std::size_t flags_end_ = 0;    // of the result, after the flags at its start
  std::map<std::string, std::size_t> names_;
};

}  // namespace

std::string to_pcre2(std::string_view python_pattern) { return Translator(python_pattern).translate(); }

struct PythonRegex::Compiled {
  Code code;
  MatchData data;
  MatchContext context;
};

PythonRegex::PythonRegex(const std::string& pattern) : pattern_(pattern), compiled_(std::make_unique<Compiled>()) {
  const std::string translated = to_pcre2(pattern);
  CompileContext options(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(options.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  compiled_->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
                                      PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &offset, options.get()));
  if (!compiled_->code) refuse(pattern, offset, message_of(error));
  compiled_->data.reset(pcre2_match_data_create_from_pattern(compiled_->code.get(), nullptr));
  compiled_->context.reset(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(compiled_->context.get(), match_limit);
  pcre2_set_heap_limit(compiled_->context.get(), heap_limit_kib);
}

PythonRegex::~PythonRegex() = default;
PythonRegex::PythonRegex(PythonRegex&&) noexcept = default;

bool PythonRegex::match(std::string_view text) const { return find(text, PCRE2_ANCHORED); }

bool PythonRegex::search(std::string_view text) const { return find(text, 0); }

bool PythonRegex::find(std::string_view text, std::uint32_t options) const {
  const int result = pcre2_match(compiled_->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0,
                                 options, compiled_->data.get(), compiled_->context.get());
  if (result >= 0) return true;
  if (result == PCRE2_ERROR_NOMATCH) return false;
  const bool too_costly =
      result == PCRE2_ERROR_MATCHLIMIT || result == PCRE2_ERROR_HEAPLIMIT || result == PCRE2_ERROR_DEPTHLIMIT;
  throw Error("the pattern '" + pattern_ + "' " + (too_costly ? "costs too much on '" : "cannot be matched with '") +
              std::string(text.substr(0, 200)) + "': " + message_of(result) +
              (too_costly ? "; write it without nested repetitions" : ""));
}

}  // namespace paramstore
