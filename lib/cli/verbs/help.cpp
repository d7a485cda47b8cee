#include <CLI/CLI.hpp>
#include <iostream>

#include "lib/cli/command_line.h"
#include "lib/cli/verb.h"

namespace paramstore::cli {
namespace {

struct Options {
  std::string verb;
};

ExitStatus run(const CLI::App& command, const Options& options) {
  if (options.verb.empty()) {
    // Not command.help(), which explains the verb that was given: this one.
    std::cout << command.get_formatter()->make_help(&command, command.get_name(), CLI::AppFormatMode::Normal);
  } else {
    std::cout << require_verb(command, options.verb).help(command.get_name());
  }
  return ExitStatus::done;
}

}  // namespace

void add_help(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "help", other_verbs, "Explain the command, or a verb",
            [&command, options] { return run(command, *options); });
  verb.add_argument("VERB", options->verb, "The verb to explain");
  verb.footer("The same as `paramstore VERB --help`.");
}

}  // namespace paramstore::cli
