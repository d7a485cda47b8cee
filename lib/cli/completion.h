// What Tab offers: names that begin with what has been typed, few enough to look at, however many there are.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace paramstore::cli {

/// The names from `from` on in the order of their bytes, at most `most`.
using NamesFrom = std::function<std::vector<std::string>(std::string_view from, std::size_t most)>;

struct Completion {
  std::vector<std::string> words;
  bool are_beginnings = false;  // a word may be followed by more
};

/// The names that begin with `typed` if they are at most `most`. Else their beginnings up to the next dot or slash,
/// or if these are too many, up to the next character in which they differ: as a shell completes folder by folder. Asks
/// for a few hundred names, however many there are.
Completion complete(const NamesFrom& names_from, const std::string& typed, std::size_t most);

/// The same names without those that a shell's user would have to write after --, such as "-x".
NamesFrom without_dashed_names(NamesFrom names_from);

}  // namespace paramstore::cli
