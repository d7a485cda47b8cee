#include "lib/cli/verb.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "lib/cli/command_line.h"
#include "lib/cli/terminal/readable_numbers.h"

namespace paramstore::cli {
namespace {

std::optional<double> number(const std::string& word) {
  char* end = nullptr;
  const double value = std::strtod(word.c_str(), &end);
  if (word.empty() || end != word.c_str() + word.size() || std::isnan(value)) return std::nullopt;
  return value;
}

std::optional<std::uint64_t> whole_number(const std::string& word) {
  std::uint64_t value = 0;
  const char* const end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

// Lets an option accept only words for which `what_is_wrong` returns an empty text.
void check(CLI::Option& option, const std::function<std::string(const std::string&)>& what_is_wrong) {
  option.check([what_is_wrong](const std::string& word) { return what_is_wrong(unmarked(word)); });
}

// `take` receives the words as they were typed.
CLI::Option& add(CLI::App& app, const char* name, const char* value_name, const char* description,
                 const std::function<void(std::string word)>& take) {
  const auto take_all = [take](const CLI::results_t& words) {
    for (const std::string& word : words) take(unmarked(word));
    return true;
  };
  // Without option_text --help would name types and defaults.
  return *app.add_option(name, take_all, description)->option_text(value_name);
}

}  // namespace

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
  const std::string range = rounded(least) + (std::isinf(most) ? " up" : " to " + rounded(most));
  check(*option_, [least, most, range](const std::string& word) {
    const auto value = number(word);
    return value && *value >= least && *value <= most ? std::string() : word + " is not a number from " + range;
  });
  return *this;
}

Option& Option::not_negative() { return between(0, std::numeric_limits<double>::infinity()); }

Option& Option::one_of(const std::vector<std::string>& words) {
  check(*option_, [words](const std::string& word) {
    std::string list;
    for (const std::string& each : words) {
      if (each == word) return std::string();
      list += (list.empty() ? "" : ", ") + each;
    }
    return word + " is not one of " + list;
  });
  return *this;
}

Option& Option::repeatable() {
  option_->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
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

// Without option_text --help would name a default.
Option Verb::add_flag(const char* name, bool& value, const char* description) {
  return Option(*app_->add_flag(name, value, description)->option_text(" "));
}

Option Verb::add_option(const char* name, std::string& value, const char* value_name, const char* description) {
  return Option(add(*app_, name, value_name, description, [&value](std::string word) { value = std::move(word); }));
}

Option Verb::add_option(const char* name, std::vector<std::string>& values, const char* value_name,
                        const char* description) {
  CLI::Option& option =
      add(*app_, name, value_name, description, [&values](std::string word) { values.push_back(std::move(word)); });
  return Option(*option.expected(CLI::detail::expected_max_vector_size));
}

Option Verb::add_option(const char* name, double& value, const char* value_name, const char* description) {
  CLI::Option& option =
      add(*app_, name, value_name, description, [&value](const std::string& word) { value = number(word).value(); });
  check(option, [](const std::string& word) { return number(word) ? std::string() : word + " is not a number"; });
  return Option(option);
}

Option Verb::add_option(const char* name, std::uint64_t& value, const char* value_name, const char* description) {
  CLI::Option& option = add(*app_, name, value_name, description,
                            [&value](const std::string& word) { value = whole_number(word).value(); });
  check(option, [](const std::string& word) {
    return whole_number(word) ? std::string() : word + " is not a whole number from 0 up";
  });
  return Option(option);
}

Option Verb::add_argument(const char* name, std::string& value, const char* description) {
  return add_option(name, value, " ", description);
}

Option Verb::add_argument(const char* name, std::optional<std::string>& value, const char* description) {
  return Option(add(*app_, name, " ", description, [&value](std::string word) { value = std::move(word); }));
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
