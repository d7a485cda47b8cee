// A store file, or a scope's, at a glance.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/cli/address.h"

namespace paramstore::cli {

struct FileSummary {
  std::optional<std::string> scope;  // empty for the store itself
  std::uint64_t params = 0;
  std::uint64_t bytes = 0;       // of the file
  storage::CommitRecord newest;  // revision 0 if there is none
  std::string error;             // instead of the rest, if a scope's file cannot be read
};

/// Throws what StoreReader throws if `address` is not a scope.
FileSummary summarize(const Address& address);

}  // namespace paramstore::cli
