// The command line that cp and mv share.
#pragma once

#include <string>
#include <vector>

#include "lib/cli/verb.h"

namespace paramstore::cli {

struct TransferOptions {
  std::string store;
  std::vector<std::string> names;
  std::string to;
  std::string as;
  bool force = false;
};

/// `to` is the description of --to in --help.
inline void add_transfer_options(Verb& verb, TransferOptions& options, const char* to) {
  verb.add_store(options.store);
  verb.add_argument("NAME", options.names, "NAME NEW_NAME, or with --to names and globs")

      .required();
  verb.add_option("-t,--to", options.to, "STORE", to);
  verb.add_option("--as", options.as, "NEW_NAME", "With --to: the new name of a single parameter");
  verb.add_flag("-f,--force", options.force, "Replace existing parameters of the same name");
}

}  // namespace paramstore::cli
