#include <algorithm>
#include <iostream>

#include "lib/cli/address.h"
#include "lib/cli/completion.h"
#include "lib/cli/verb.h"

namespace paramstore::cli {
namespace {

struct Options {
  std::string what;
  std::string store;
  std::string typed;
  bool dashes = false;
};

constexpr std::size_t most_words = 200;

Completion complete_name(const Options& options) {
  StoreReader store(parse_address(options.store));
  const storage::ReadTransaction snapshot(store.file());
  NamesFrom names = [&](std::string_view from, std::size_t most) { return store.file().names(from, most); };
  return complete(options.dashes ? names : without_dashed_names(std::move(names)), options.typed, most_words);
}

Completion complete_scope(const std::filesystem::path& path, const std::string& typed) {
  const std::vector<std::string> scopes = storage::scope_names(path);
  const auto names = [&](std::string_view from, std::size_t most) {
    const auto first = std::lower_bound(scopes.begin(), scopes.end(), from);
    const auto count = std::min(most, static_cast<std::size_t>(scopes.end() - first));
    return std::vector<std::string>(first, first + static_cast<std::ptrdiff_t>(count));
  };
  return complete(names, typed, most_words);
}

// STORE//BEGINNING; nothing for a word without the //, which a shell completes as a file.
Completion complete_store(const std::string& typed) {
  const std::size_t at = end_of_file_name(typed);
  if (at == std::string::npos) return {};
  const std::string path = typed.substr(0, at);
  Completion completion = complete_scope(path, typed.substr(at + 2));
  for (std::string& word : completion.words) word = path + "//" + word;
  return completion;
}

ExitStatus run(const Options& options) {
  const Completion completion = options.what == "names"    ? complete_name(options)
                                : options.what == "scopes" ? complete_scope(options.store, options.typed)
                                                           : complete_store(options.store);
  std::cout << (completion.are_beginnings ? "beginnings" : "whole") << '\0';
  for (const std::string& word : completion.words) std::cout << word << '\0';
  return ExitStatus::done;
}

}  // namespace

void add_complete(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "complete", hidden_verbs, "What Tab offers in a shell", run, options);
  verb.add_argument("WHAT", options->what, "names or scopes of STORE, or stores")
      .required()
      .one_of({"names", "scopes", "stores"});
  verb.add_argument("STORE", options->store, "A store file, or FILE//SCOPE").required();
  verb.add_argument("TYPED", options->typed, "What has been typed of the name");
  verb.add_flag("--dashes", options->dashes, "Also names that look like options");
  verb.footer(
      "For the completions of the shells. Words, each followed by a NUL; the first says\n"
      "whether the others are whole or only beginnings.");
}

}  // namespace paramstore::cli
