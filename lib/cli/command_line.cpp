#include "lib/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "lib/cli/exit_status.h"
#include "lib/cli/suggestion.h"
#include "lib/cli/terminal/escape.h"

namespace paramstore::cli {
namespace {

constexpr char mark = '\x01';

std::string marked(const std::string& word) { return mark + word; }

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// -inf and -nan, and words that begin with them: -inf,2 or -nan+2j. Other numbers have no letter after the dash.
bool is_negative_word_for_a_number(const std::string& word) {
  char* end = nullptr;
  std::strtod(word.c_str(), &end);
  return end != word.c_str() && !is_letter(*end);
}

class VerbLine {
 public:
  VerbLine(const CLI::App& verb, std::vector<std::string> words) : verb_(verb), words_(std::move(words)) {}

  /// The words for CLI11: options unchanged, everything else marked.
  std::vector<std::string> read() {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_++];
      if (word == "--") {
        while (at_ < words_.size()) take_word();
      } else if (word.size() > 2 && word[0] == '-' && word[1] == '-' && is_letter(word[2])) {
        take_long(word);
      } else if (word.size() > 1 && word[0] == '-' && is_letter(word[1])) {
        take_short(word);
      } else {
        result_.push_back(marked(word));  // also -1, and SQL that begins with a comment
      }
    }
    return std::move(result_);
  }

 private:
  void take_word() {
    if (at_ < words_.size()) result_.push_back(marked(words_[at_++]));  // else CLI11 says that a value is missing
  }

  void take_long(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const CLI::Option* const option = verb_.get_option_no_throw(name);
    if (option == nullptr) refuse(name);
    if (!takes_value(*option)) return result_.push_back(word);
    result_.push_back(name);
    if (equals == std::string::npos) return take_word();
    result_.push_back(marked(word.substr(equals + 1)));
  }

  // Several short options in one word. The rest of the word after the first that takes a value is that value.
  void take_short(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const CLI::Option* const option = verb_.get_option_no_throw({'-', word[i]});
      if (option == nullptr) {
        if (i > 1 || !is_negative_word_for_a_number(word)) refuse(word);
        return result_.push_back(marked(word));
      }
      if (!takes_value(*option)) continue;
      result_.push_back(word.substr(0, i + 1));
      if (i + 1 == word.size()) return take_word();
      return result_.push_back(marked(word.substr(i + 1)));
    }
    result_.push_back(word);
  }

  static bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

  [[noreturn]] void refuse(const std::string& word) const {
    throw UsageError(verb_.get_name() + " has no option " + word +
                     "; if it is a name or a value, put -- before it (see paramstore " + verb_.get_name() + " --help)");
  }

  const CLI::App& verb_;
  const std::vector<std::string> words_;
  std::size_t at_ = 0;
  std::vector<std::string> result_;
};

}  // namespace

const CLI::App& require_verb(const CLI::App& command, const std::string& name) {
  std::vector<std::string> names;
  for (const CLI::App* const verb : command.get_subcommands([](const CLI::App*) { return true; })) {
    if (verb->get_name() == name) return *verb;
    if (!verb->get_group().empty()) names.push_back(verb->get_name());
  }
  throw UsageError("has no verb " + shown_name(name) + did_you_mean(name, names, "`paramstore help` lists the verbs"));
}

void parse(CLI::App& command, int argc, const char* const* argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const auto first = std::find_if(words.begin(), words.end(), [](const std::string& word) {
    return word.empty() || word[0] != '-';  // the options of the command itself take no values
  });
  if (first != words.end()) {
    const CLI::App& verb = require_verb(command, *first);
    const std::vector<std::string> rest = VerbLine(verb, {first + 1, words.end()}).read();
    words.erase(first + 1, words.end());
    words.insert(words.end(), rest.begin(), rest.end());
  }
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  command.parse(std::move(words));
}

std::string unmarked(const std::string& word) { return !word.empty() && word.front() == mark ? word.substr(1) : word; }

std::string without_marks(std::string message) {
  message.erase(std::remove(message.begin(), message.end(), mark), message.end());
  return message;
}

}  // namespace paramstore::cli
