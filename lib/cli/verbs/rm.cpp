#include <iostream>

#include "lib/cli/address.h"
#include "lib/cli/commit_message.h"
#include "lib/cli/selection.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/verb.h"

namespace paramstore::cli {
namespace {

struct Options {
  std::string store;
  std::vector<std::string> patterns;
  bool dry_run = false;
  bool quiet = false;
};

using Records = std::vector<storage::ParamRecord>;

Records look(const Address& address, const std::vector<std::string>& patterns) {
  StoreReader store(address);
  return select(store.file(), patterns);
}

Records remove(const Address& address, const std::vector<std::string>& patterns) {
  StoreWriter store(address, StoreWriter::Missing::refuse);
  storage::WriteTransaction transaction(store.file(), {std::nullopt, commit_message("rm", patterns)});
  Records records = select(store.file(), patterns);
  for (const auto& record : records) transaction.erase(record.id, std::nullopt);
  transaction.commit();
  return records;
}

ExitStatus run(const Options& options) {
  const Address address = parse_address(options.store);
  const auto records = options.dry_run ? look(address, options.patterns) : remove(address, options.patterns);
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
  verb.add_flag("-n,--dry-run", options->dry_run, "List what would be removed, and remove nothing");
  verb.add_flag("-q,--quiet", options->quiet, "Do not list what is removed");
  verb.footer("Removes all in one commit, or nothing if any pattern matches no parameter.");
}

}  // namespace paramstore::cli
