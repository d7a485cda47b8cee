#include <iostream>

#include "lib/cli/address.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/progress.h"
#include "lib/cli/terminal/readable_numbers.h"
#include "lib/cli/verb.h"

namespace paramstore::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string store;
  bool quiet = false;
};

// Includes the write-ahead log, which is a part of the store.
std::uint64_t size_on_disk(const std::string& path) {
  std::error_code error;
  const std::uint64_t log = fs::file_size(path + "-wal", error);
  return fs::file_size(path) + (error ? 0 : log);
}

ExitStatus run(const Options& options) {
  StoreWriter store(parse_address(options.store), StoreWriter::Missing::refuse);
  const std::string path = store.file().path();
  const std::uint64_t before = size_on_disk(path);
  bool shrunk = false;
  {
    ProgressLine progress("compacting " + shown_name(options.store));
    shrunk = store.file().compact(progress.callback());
  }
  if (options.quiet) return ExitStatus::done;
  if (shrunk) {
    std::cout << shown_name(options.store) << ": " << byte_count(before) << " -> " << byte_count(size_on_disk(path))
              << '\n';
  } else {
    std::cout << shown_name(options.store)
              << ": compacted; the file shrinks once programs that are reading it finish\n";
  }
  return ExitStatus::done;
}

}  // namespace

void add_compact(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "compact", keeping_verbs, "Return the space of erased values to the system", run, options);
  verb.add_store(options->store);
  verb.add_flag("-q,--quiet", options->quiet, "Do not print the sizes");
  verb.footer(
      "Others can read meanwhile, but writers wait. Temporarily needs the size of the\n"
      "store again, both in the temporary folder (TMPDIR) and beside the store.");
}

}  // namespace paramstore::cli
