// Regular expressions as Python's `re` writes them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace paramstore {

/// A compiled pattern. Runs on PCRE2, after what Python writes otherwise has been rewritten, and what Python does not
/// have refused.
class PythonRegex {
 public:
  /// Throws Error where the pattern does not compile, saying where.
  explicit PythonRegex(const std::string& pattern);
  ~PythonRegex();
  PythonRegex(PythonRegex&&) noexcept;

  /// re.match: whether the text matches from its start. Throws Error where that costs more than the match limit, or the
  /// text is not valid UTF-8.
  bool match(std::string_view text) const;

  /// re.search: whether it matches anywhere. Throws as `match` does.
  bool search(std::string_view text) const;

 private:
  bool find(std::string_view text, std::uint32_t options) const;

  struct Compiled;
  std::string pattern_;
  std::unique_ptr<Compiled> compiled_;
};

/// The pattern in PCRE2's words. Throws Error where Python has no such pattern.
std::string to_pcre2(std::string_view python_pattern);

}  // namespace paramstore
