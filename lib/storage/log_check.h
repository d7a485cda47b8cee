// Looks into a write-ahead log for commits that SQLite would silently drop.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "paramstore/storage/export.h"

namespace paramstore::storage {

/// Damage in a log. SQLite takes the first frame that is not sound for the end of the log, as it is after a crash.
struct LogDamage {
  std::uint64_t offset = 0;        // in the file, of the header or frame that is damaged
  std::uint64_t lost_commits = 0;  // at least so many, in it and behind it
};

/// Reads the log at `path` (a -wal; see "The Write-Ahead Log" in SQLite's description of its file format), of a database
/// with pages of this size. Nothing if the log is sound, empty or missing.
///
/// A log ends with frames of an older generation, which have other salts, or with a transaction that a crash left
/// unfinished. So it is damaged only if a transaction was begun behind the one with the first bad frame: each frame's
/// checksum goes on from the one before, which proves that the frames were written in this order. A damaged last
/// transaction cannot be told from an unfinished one, and is not reported. Others may write to the log meanwhile.
/// Throws StorageError if the log cannot be read.
PARAMSTORE_STORAGE_EXPORT std::optional<LogDamage> find_log_damage(const std::filesystem::path& path,
                                                                   std::uint64_t page_size);

}  // namespace paramstore::storage
