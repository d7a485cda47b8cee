// What should lie beside a store and does not, and what lies there without its store: the marks of a copy that left files
// behind.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "paramstore/storage/database.h"

namespace paramstore::storage {

/// What the file itself says that matters for the files beside it.
struct FileSays {
  std::vector<std::string> scopes;  // the names in its table `scopes`
  Revision revision;                // of its newest commit
  std::uint64_t page_size;
};

/// Adds to `missing` each scope that the store lists and whose file does not exist; and to `notes` what may explain that
/// the store has less than expected: a log beside it that belongs to no store, or scopes beside a store without a
/// commit. `store` is resolved.
void look_beside(const std::filesystem::path& store, const FileSays& says, std::vector<std::string>& missing,
                 std::vector<std::string>& notes);

}  // namespace paramstore::storage
