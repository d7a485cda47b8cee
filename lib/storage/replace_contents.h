// Writes the contents of one SQLite file into another, which may exist.
#pragma once

#include <filesystem>

#include "lib/storage/store_internals.h"

namespace paramstore::storage {

/// Writes the store `source`, which nobody else has open, into the file `target`: a store, an empty file, or a path
/// that does not exist. Afterwards the target has either all of the new contents or the old ones, even after a crash or
/// power loss. Throws StoreBusy if somebody has the target open, NotAStore if it is not a store, and CorruptStore if it
/// is too damaged for SQLite to write.
void replace_contents(const std::filesystem::path& target, const std::filesystem::path& source,
                      const InternalOptions& options, const Progress& progress);

}  // namespace paramstore::storage
