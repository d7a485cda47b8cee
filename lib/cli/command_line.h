// The words of the command line on their way to CLI11.
//
// CLI11 reads things into words: [a,b] is a list to it, which it takes apart, and in later versions [[aa]] an escape,
// {} nothing, and %% the end of a list. Names, globs, values and SQL may be all of these. So every word that is no
// option goes in with a mark in front, which makes it a word like any other, and whoever takes it out takes the mark
// off.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace paramstore::cli {

/// Gives the words to `command`. Throws UsageError for a word that looks like an option of the verb and is none, and
/// what CLI11 throws.
void parse(CLI::App& command, int argc, const char* const* argv);

/// A word that came through CLI11, as it was typed.
std::string unmarked(const std::string& word);

/// A message of CLI11, with the words in it as they were typed.
std::string without_marks(std::string message);

}  // namespace paramstore::cli
