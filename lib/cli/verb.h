// A verb of the command: its name, its options, and what it does.
//
// It keeps CLI11's header, which is slow to compile, out of the verbs, and makes options that several verbs share look
// the same.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/cli/verbs.h"

namespace CLI {
class Option;
}

namespace paramstore::cli {

/// Sets the layout of --help, for the command and for its verbs.
void style_help(CLI::App& app);

/// An option that has been added to a verb.
class Option {
 public:
  explicit Option(CLI::Option& option) noexcept : option_(&option) {}

  Option& required();
  /// The two options exclude each other.
  Option& excludes(const Option& other);
  /// Accepts only numbers from `least` to `most`.
  Option& between(double least, double most);
  /// Accepts only numbers from 0 up.
  Option& not_negative();
  Option& one_of(const std::vector<std::string>& words);
  /// Allows the option several times, with one value each.
  Option& repeatable();

 private:
  CLI::Option* option_;
};

class Verb {
 public:
  /// Adds the verb to `command`; if the command line names it, `action` becomes `run`. `group` is its heading in --help.
  Verb(CLI::App& command, Action& action, const char* name, const char* group, const char* description,
       const Action& run);

  /// The same with `run(options)`, where `options` holds what the command line says.
  template <class Options>
  Verb(CLI::App& command, Action& action, const char* name, const char* group, const char* description,
       ExitStatus (*run)(const Options&), const std::shared_ptr<Options>& options)
      : Verb(command, action, name, group, description, [run, options] { return run(*options); }) {}

  /// The text at the end of --help.
  void footer(const char* text);

  Option add_flag(const char* name, bool& value, const char* description);
  /// Adds an option with a value, which --help calls `value_name`.
  Option add_option(const char* name, std::string& value, const char* value_name, const char* description);
  Option add_option(const char* name, std::vector<std::string>& values, const char* value_name,
                    const char* description);
  Option add_option(const char* name, double& value, const char* value_name, const char* description);
  /// Adds an option that takes a whole number from 0 up.
  Option add_option(const char* name, std::uint64_t& value, const char* value_name, const char* description);
  /// Adds a positional argument, or a list of them.
  Option add_argument(const char* name, std::string& value, const char* description);
  Option add_argument(const char* name, std::optional<std::string>& value, const char* description);
  Option add_argument(const char* name, std::vector<std::string>& values, const char* description);

  void add_store(std::string& store);
  Option add_patterns(std::vector<std::string>& patterns, const char* name = "PATTERN");
  Option add_json(bool& json);

 private:
  CLI::App* app_;
};

}  // namespace paramstore::cli
