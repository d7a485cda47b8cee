#include "lib/cli/completion.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace paramstore::cli {
namespace {

bool begins_with(std::string_view name, std::string_view typed) { return name.substr(0, typed.size()) == typed; }

bool looks_like_an_option(const std::string& name) {
  return name.size() > 1 && name[0] == '-' &&
         ((name[1] >= 'A' && name[1] <= 'Z') || (name[1] >= 'a' && name[1] <= 'z'));
}

// Where the beginning of `name` ends, which is longer than `typed`.
using End = std::size_t (*)(const std::string& name, std::size_t typed);

std::size_t after_next_part(const std::string& name, std::size_t typed) {
  const std::size_t at = name.find_first_of("./", typed);
  return at == std::string::npos ? name.size() : at + 1;
}

std::size_t after_next_character(const std::string& name, std::size_t typed) {
  std::size_t end = std::min(typed + 1, name.size());
  while (end < name.size() && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) ++end;
  return end;
}

// The least text after all that begin with `text`. The last byte of UTF-8 is never the largest one.
std::string after_all(std::string text) {
  ++text.back();
  return text;
}

// Each beginning once, found by jumping from one to the next; at most `most` + 1.
std::vector<std::string> beginnings(const NamesFrom& names_from, const std::string& typed, End end, std::size_t most) {
  std::vector<std::string> words;
  for (std::string at = typed; words.size() <= most;) {
    const std::vector<std::string> next = names_from(at, 1);
    if (next.empty() || !begins_with(next.front(), typed)) break;
    const std::string& name = next.front();
    std::string word = name.substr(0, end(name, typed.size()));
    at = word == name ? name + '\x01' : after_all(word);
    if (words.empty() || words.back() != word) words.push_back(std::move(word));
  }
  return words;
}

}  // namespace

Completion complete(const NamesFrom& names_from, const std::string& typed, std::size_t most) {
  std::vector<std::string> names = names_from(typed, most + 1);
  names.erase(std::find_if(names.begin(), names.end(), [&](const auto& name) { return !begins_with(name, typed); }),
              names.end());
  if (names.size() <= most) return {std::move(names), false};

  // A single beginning is what a shell would fill in without asking: then what comes after it.
  std::string common = typed;
  for (const End end : {after_next_part, after_next_character}) {
    for (;;) {
      std::vector<std::string> words = beginnings(names_from, common, end, most);
      if (words.size() == 1) {
        common = words.front();
        continue;
      }
      if (words.size() > most && end == after_next_part) break;
      // So many characters that differ: some of them show as well as all that there is no common beginning.
      words.resize(std::min(words.size(), most));
      return {std::move(words), true};
    }
  }
  return {};
}

NamesFrom without_dashed_names(NamesFrom names_from) {
  return [names_from = std::move(names_from)](std::string_view from, std::size_t most) {
    std::vector<std::string> result;
    for (std::string at(from); result.size() < most;) {
      std::vector<std::string> names = names_from(at, most - result.size());
      const auto dashed = std::find_if(names.begin(), names.end(), looks_like_an_option);
      // They are two runs, -A to -Z and -a to -z: on with what comes after the run.
      if (dashed != names.end()) at = (*dashed)[1] <= 'Z' ? "-[" : "-{";
      const bool is_last = dashed == names.end();
      std::move(names.begin(), dashed, std::back_inserter(result));
      if (is_last) break;
    }
    return result;
  };
}

}  // namespace paramstore::cli
