// Options that several verbs have, so that they look and read alike.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "lib/cli/verbs.h"

namespace paramstore::cli {

/// How --help looks.
inline void style_help(CLI::App& command) {
  command.get_formatter()->column_width(22);
  command.get_formatter()->label("Positionals", "Arguments");
  command.get_formatter()->label("SUBCOMMAND", "VERB STORE ...");
  command.get_formatter()->label("OPTIONS", "options");
  command.set_help_flag("-h,--help", "Print this and exit");
}

/// A flag of which --help says what it does and nothing else.
inline CLI::Option* add_flag(CLI::App& verb, const char* name, bool& value, const char* description) {
  return verb.add_flag(name, value, description)->option_text(" ");
}

/// A verb named `name` that will do `run(options)`, options being what the command line says.
template <class Options>
CLI::App& add_verb(CLI::App& command, Action& action, const char* name, const char* group, const char* description,
                   ExitStatus (*run)(const Options&), const std::shared_ptr<Options>& options) {
  CLI::App* verb = command.add_subcommand(name, description);
  verb->group(group);
  style_help(*verb);
  verb->callback([&action, run, options] { action = [run, options] { return run(*options); }; });
  return *verb;
}

/// A positional argument, shown in --help as its name alone.
template <class Value>
CLI::Option* add_argument(CLI::App& verb, const char* name, Value& value, const char* description) {
  return verb.add_option(name, value, description)->option_text(" ");
}

inline void add_store(CLI::App& verb, std::string& store) {
  add_argument(verb, "STORE", store, "A store file, or FILE//SCOPE")->required();
}

inline CLI::Option* add_patterns(CLI::App& verb, std::vector<std::string>& patterns, const char* name = "PATTERN") {
  return add_argument(verb, name, patterns, "Names, or globs such as 'encoder.*'")->option_text("...");
}

inline CLI::Option* add_json(CLI::App& verb, bool& json) { return add_flag(verb, "--json", json, "Print JSON"); }

}  // namespace paramstore::cli
