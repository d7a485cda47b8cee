// Protects the words of the command line from CLI11.
//
// CLI11 interprets some words: it splits [a,b] as a list, and later versions treat [[aa]] as an escape, {} as nothing and
// %% as the end of a list. Names, globs, values and SQL may contain all of these. So every word that is not an option gets
// a mark in front, which makes it an ordinary word, and the mark is removed when the word is used.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace paramstore::cli {

/// The verb of that name. Throws UsageError, with the closest name, if there is none.
const CLI::App& require_verb(const CLI::App& command, const std::string& name);

/// Lets `command` parse the words. Throws UsageError for a word that looks like an option but is not one of the verb's,
/// for an unknown verb,
/// and what CLI11 throws.
void parse(CLI::App& command, int argc, const char* const* argv);

/// A word from CLI11, as it was typed.
std::string unmarked(const std::string& word);

/// A message of CLI11 that shows the words as they were typed.
std::string without_marks(std::string message);

}  // namespace paramstore::cli
