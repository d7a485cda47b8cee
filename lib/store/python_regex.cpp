#include "python_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <cstdint>
#include <utility>

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
  throw Error("the pattern '" + std::string(pattern) + "' does not compile: " + why + " at position " + std::to_string(at) +
              "; patterns are written as for Python's re.match");
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Rewrites one pattern, character by character.
class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  std::string translate() {
    while (at_ < pattern_.size()) {
      switch (pattern_[at_]) {
        case '\\': escape(false); break;
        case '[': character_class(); break;
        case '(': group(); break;
        case '{': braces(); break;
        default: copy(1);
      }
    }
    return std::move(result_);
  }

 private:
  bool starts_with(std::string_view text) const { return pattern_.substr(at_, text.size()) == text; }

  void copy(std::size_t count) {
    result_ += pattern_.substr(at_, count);
    at_ += count;
  }

  /// \x41, \u0041 and \U00000041: exactly so many digits.
  void hex_escape(std::size_t digits) {
    const std::string_view text = pattern_.substr(at_ + 2, digits);
    bool all_hex = text.size() == digits;
    for (char c : text) all_hex = all_hex && is_hex(c);
    if (!all_hex) refuse(pattern_, at_, "incomplete escape " + std::string(pattern_.substr(at_, 2 + text.size())));
    result_ += "\\x{" + std::string(text) + "}";
    at_ += 2 + digits;
  }

  void escape(bool in_class) {
    if (at_ + 1 >= pattern_.size()) refuse(pattern_, at_, "bad escape (end of pattern)");
    const char c = pattern_[at_ + 1];
    if (!is_letter(c)) return copy(2);
    switch (c) {
      case 'x': return hex_escape(2);
      case 'u': return hex_escape(4);
      case 'U': return hex_escape(8);
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
        const std::string_view known = in_class ? "abdDfnrsStwW" : "abABdDfnrsStwWz";
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

  void group() {
    if (starts_with("(*")) refuse(pattern_, at_ + 1, "nothing to repeat");
    if (!starts_with("(?")) return copy(1);
    if (starts_with("(?#")) {
      const std::size_t end = pattern_.find(')', at_);
      if (end == std::string_view::npos) refuse(pattern_, at_, "missing ), unterminated comment");
      at_ = end + 1;
      return;
    }
    for (std::string_view opening : {"(?:", "(?P<", "(?P=", "(?=", "(?!", "(?<=", "(?<!", "(?>"}) {
      if (starts_with(opening)) return copy(opening.size());
    }
    if (starts_with("(?(")) return copy(3);
    flags();
  }

  /// (?i) and (?i-s:...)
  void flags() {
    std::size_t end = at_ + 2;
    std::string kept;
    while (end < pattern_.size() && std::string_view("aimsux-").find(pattern_[end]) != std::string_view::npos) {
      const char flag = pattern_[end++];
      if (flag == 'a') refuse(pattern_, end - 1, "the ASCII flag is not supported; names are Unicode");
      if (flag != 'u') kept += flag;
    }
    const bool closed = end > at_ + 2 && end < pattern_.size() && (pattern_[end] == ')' || pattern_[end] == ':');
    if (!closed) refuse(pattern_, at_ + 1, "unknown extension " + std::string(pattern_.substr(at_ + 1, 2)));
    result_ += "(?" + kept;
    at_ = end;
    copy(1);
  }

  /// x{,3} is x{0,3}
  void braces() {
    std::size_t end = at_ + 2;
    while (end < pattern_.size() && is_digit(pattern_[end])) ++end;
    const bool open_below = starts_with("{,") && end > at_ + 2 && end < pattern_.size() && pattern_[end] == '}';
    if (!open_below) return copy(1);
    result_ += "{0";
    ++at_;
    copy(end - at_ + 1);
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  std::string result_;
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

bool PythonRegex::match(std::string_view text) const {
  const int result = pcre2_match(compiled_->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, PCRE2_ANCHORED,
                                 compiled_->data.get(), compiled_->context.get());
  if (result >= 0) return true;
  if (result == PCRE2_ERROR_NOMATCH) return false;
  throw Error("the pattern '" + pattern_ + "' costs too much on the name '" + std::string(text) + "': " + message_of(result) +
              "; write it without nested repetitions");
}

}  // namespace paramstore
