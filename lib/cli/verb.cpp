#include "lib/cli/verb.h"

#include <CLI/CLI.hpp>

namespace paramstore::cli {

void style_help(CLI::App& app) {
  app.get_formatter()->column_width(22);
  app.get_formatter()->label("Positionals", "Arguments");
  app.get_formatter()->label("SUBCOMMAND", "VERB STORE ...");
  app.get_formatter()->label("OPTIONS", "options");
  app.set_help_flag("-h,--help", "Print this and exit");
}

Option& Option::required() {
  option_->required();
  return *this;
}

Option& Option::excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}

Option& Option::between(double least, double most) {
  option_->check(CLI::Range(least, most));
  return *this;
}

Option& Option::not_negative() {
  option_->check(CLI::NonNegativeNumber);
  return *this;
}

Option& Option::one_of(const std::vector<std::string>& words) {
  option_->check(CLI::IsMember(words));
  return *this;
}

Option& Option::repeatable() {
  option_->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  return *this;
}

Verb::Verb(CLI::App& command, Action& action, const char* name, const char* group, const char* description,
           const Action& run)
    : app_(command.add_subcommand(name, description)) {
  app_->group(group);
  style_help(*app_);
  app_->callback([&action, run] { action = run; });
}

void Verb::footer(const char* text) { app_->footer(text); }

// Without option_text --help would name types and defaults.
Option Verb::add_flag(const char* name, bool& value, const char* description) {
  return Option(*app_->add_flag(name, value, description)->option_text(" "));
}

Option Verb::add_option(const char* name, std::string& value, const char* value_name, const char* description) {
  return Option(*app_->add_option(name, value, description)->option_text(value_name));
}

Option Verb::add_option(const char* name, std::vector<std::string>& value, const char* value_name,
                        const char* description) {
  return Option(*app_->add_option(name, value, description)->option_text(value_name));
}

Option Verb::add_option(const char* name, double& value, const char* value_name, const char* description) {
  return Option(*app_->add_option(name, value, description)->option_text(value_name));
}

Option Verb::add_option(const char* name, std::uint64_t& value, const char* value_name, const char* description) {
  return Option(*app_->add_option(name, value, description)->option_text(value_name));
}

Option Verb::add_argument(const char* name, std::string& value, const char* description) {
  return add_option(name, value, " ", description);
}

Option Verb::add_argument(const char* name, std::vector<std::string>& values, const char* description) {
  return add_option(name, values, "...", description);
}

void Verb::add_store(std::string& store) { add_argument("STORE", store, "A store file, or FILE//SCOPE").required(); }

Option Verb::add_patterns(std::vector<std::string>& patterns, const char* name) {
  return add_argument(name, patterns, "Names, or globs such as 'encoder.*'");
}

Option Verb::add_json(bool& json) { return add_flag("--json", json, "Print JSON"); }

}  // namespace paramstore::cli
