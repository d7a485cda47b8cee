// The command line that cp and mv share.
#pragma once

#include <string>
#include <vector>

#include "lib/cli/options.h"

namespace paramstore::cli {

struct TransferOptions {
  std::string store;
  std::vector<std::string> names;
  std::string to;
  std::string as;
  bool force = false;
};

/// `to` is what --help says of --to.
inline void add_transfer_options(CLI::App& verb, TransferOptions& options, const char* to) {
  add_store(verb, options.store);
  add_argument(verb, "NAME", options.names, "NAME NEW_NAME, or with --to names and globs")
      ->option_text("...")
      ->required();
  verb.add_option("-t,--to", options.to, to)->option_text("STORE");
  verb.add_option("--as", options.as, "With --to: the name that the one parameter gets there")->option_text("NEW_NAME");
  add_flag(verb, "-f,--force", options.force, "Replace what has the name already");
}

}  // namespace paramstore::cli
