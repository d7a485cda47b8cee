// The contents of one SQLite file into another that may exist.
#pragma once

#include <filesystem>

#include "paramstore/storage/database.h"

namespace paramstore::storage {

/// Writes the store `source`, which nobody else has open, into the file `target`: a store, an empty file, or none yet.
/// All of it is there afterwards, or what was there before, also after a crash or power loss. Throws StoreBusy where
/// somebody has the target open, NotAStore where it is none, CorruptStore where it is too damaged for SQLite to write.
void replace_contents(const std::filesystem::path& target, const std::filesystem::path& source,
                      const OpenOptions& options, const Progress& progress);

}  // namespace paramstore::storage
