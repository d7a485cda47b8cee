#include <iostream>
#include <limits>

#include "lib/cli/address.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/json.h"
#include "lib/cli/terminal/table.h"
#include "lib/cli/verb.h"

namespace paramstore::cli {
namespace {

struct Options {
  std::string store;
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();
  bool json = false;
};

// A store may have a million commits, so they are read in batches of this size.
constexpr std::size_t batch = 10'000;

void print_batch(const std::vector<storage::CommitRecord>& commits, bool json, bool first) {
  if (json) {
    for (const auto& commit : commits) print_json(std::cout, to_json(commit));
    return;
  }
  Table table({{"REVISION", Align::right}, {"TIME"}, {"STEP", Align::right}, {"MESSAGE"}});
  for (const auto& commit : commits) {
    table.add({std::to_string(commit.revision), cut_to_width(escaped(commit.time), 40),
               commit.step ? std::to_string(*commit.step) : "", escaped(commit.message.value_or(""))});
  }
  table.print(std::cout, first);
}

ExitStatus run(const Options& options) {
  StoreReader store(parse_address(options.store));
  const storage::ReadTransaction snapshot(store.file());
  std::optional<Revision> before;
  bool first = true;
  for (std::uint64_t left = options.count; left > 0;) {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(left, batch));
    const auto commits = store.file().commits(wanted, before);
    print_batch(commits, options.json, first);
    if (commits.size() < wanted) break;
    before = commits.back().revision;
    left -= commits.size();
    first = false;
  }
  return ExitStatus::done;
}

}  // namespace

void add_log(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "log", reading_verbs, "List the commits, newest first", run, options);
  verb.add_store(options->store);
  verb.add_option("-n,--count", options->count, "NUMBER", "List at most this many");
  verb.add_flag("--json", options->json, "Print JSON, one object per line");
  verb.footer("Times are UTC. Step and message are what the program passed to commit().");
}

}  // namespace paramstore::cli
