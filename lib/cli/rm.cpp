#include <iostream>

#include "lib/cli/address.h"
#include "lib/cli/escape.h"
#include "lib/cli/selection.h"
#include "lib/cli/verb.h"

namespace paramstore::cli {
namespace {

struct Options {
  std::string store;
  std::vector<std::string> patterns;
  bool dry_run = false;
  bool quiet = false;
};

ExitStatus run(const Options& options) {
  StoreWriter store(parse_address(options.store), StoreWriter::Missing::refuse);
  std::string message = "paramstore rm";
  for (const std::string& pattern : options.patterns) message += " " + pattern;
  storage::WriteTransaction transaction(store.file(), {std::nullopt, message.substr(0, 1000)});
  const auto records = select(store.file(), options.patterns);
  if (!options.dry_run) {
    for (const auto& record : records) transaction.erase(record.id, std::nullopt);
    transaction.commit();
  }
  if (!options.quiet) {
    for (const auto& record : records)
      std::cout << (options.dry_run ? "would remove " : "removed ") << shown_name(record.name) << '\n';
  }
  return ExitStatus::done;
}

}  // namespace

void add_rm(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "rm", changing_verbs, "Remove parameters", run, options);
  verb.add_store(options->store);
  verb.add_patterns(options->patterns).required();
  verb.add_flag("-n,--dry-run", options->dry_run, "Say what would be removed, and remove nothing");
  verb.add_flag("-q,--quiet", options->quiet, "Do not say what is removed");
  verb.footer("All in one commit, or nothing where a pattern matches no parameter.");
}

}  // namespace paramstore::cli
