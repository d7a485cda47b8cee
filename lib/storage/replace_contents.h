// Writes the contents of one SQLite file into another, which may exist.
#pragma once

#include <filesystem>

#include "lib/storage/store_internals.h"

namespace paramstore::storage {

/// Follows the target's name in the message of an error after which the target is the copy.
constexpr const char* copy_is_complete = ": the copy is complete";

/// Writes the store `source`, which nobody else has open, into the file `target`: a store, an empty file, or a path
/// that does not exist. Afterwards the target has either all of the new contents or the old ones, even after a crash or
/// power loss. Throws StoreBusy if somebody has the target open, NotAStore if it is not a store, and CorruptStore if it
/// is too damaged for SQLite to write. Throws StorageError with SQLITE_IOERR_DIR_FSYNC if the target has the new contents
/// and only a power loss might still bring the old ones back; after any other exception it has the old ones.
void replace_contents(const std::filesystem::path& target, const std::filesystem::path& source,
                      const InternalOptions& options, const Progress& progress);

}  // namespace paramstore::storage
