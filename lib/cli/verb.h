// A verb of the command: its name, its options, and what it does.
//
// This stands between the verbs and CLI11, whose header takes a compiler seven times as long as a verb does, and gives the
// options that several verbs have one look.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lib/cli/verbs.h"

namespace CLI {
class Option;
}

namespace paramstore::cli {

/// How --help of the command and of its verbs looks.
void style_help(CLI::App& app);

/// An option that has been added to a verb.
class Option {
 public:
  explicit Option(CLI::Option& option) noexcept : option_(&option) {}

  Option& required();
  /// Not both of them.
  Option& excludes(const Option& other);
  /// A number from `least` to `most`.
  Option& between(double least, double most);
  /// A number from 0 up.
  Option& not_negative();
  Option& one_of(const std::vector<std::string>& words);
  /// It may be given several times, with one value each.
  Option& repeatable();

 private:
  CLI::Option* option_;
};

class Verb {
 public:
  /// Adds it to `command`; where the command line names it, `action` becomes `run`. `group`: its heading in --help.
  Verb(CLI::App& command, Action& action, const char* name, const char* group, const char* description,
       const Action& run);

  /// The same with `run(options)`, options being what the command line says.
  template <class Options>
  Verb(CLI::App& command, Action& action, const char* name, const char* group, const char* description,
       ExitStatus (*run)(const Options&), const std::shared_ptr<Options>& options)
      : Verb(command, action, name, group, description, [run, options] { return run(*options); }) {}

  /// What --help says last.
  void footer(const char* text);

  Option add_flag(const char* name, bool& value, const char* description);
  /// An option with a value, which --help calls `value_name`.
  Option add_option(const char* name, std::string& value, const char* value_name, const char* description);
  Option add_option(const char* name, std::vector<std::string>& values, const char* value_name,
                    const char* description);
  Option add_option(const char* name, double& value, const char* value_name, const char* description);
  /// A whole number from 0 up.
  Option add_option(const char* name, std::uint64_t& value, const char* value_name, const char* description);
  /// A positional argument, or as many as there are.
  Option add_argument(const char* name, std::string& value, const char* description);
  Option add_argument(const char* name, std::vector<std::string>& values, const char* description);

  void add_store(std::string& store);
  Option add_patterns(std::vector<std::string>& patterns, const char* name = "PATTERN");
  Option add_json(bool& json);

 private:
  CLI::App* app_;
};

}  // namespace paramstore::cli
