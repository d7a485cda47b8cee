// Waits for the disk if SQLite does not.
#pragma once

#include <filesystem>
#include <string>

#include "lib/storage/store_internals.h"
#include "paramstore/error.h"
#include "paramstore/storage/export.h"

namespace paramstore::storage {

/// Returns when the contents of the file `path` are on the disk; for a folder, the names in it. Throws StorageError.
void sync(const std::filesystem::path& path, const InternalOptions& options);

/// The same for the folder of a change that is already complete and only might not survive a power loss: throws
/// StorageError with SQLITE_IOERR_DIR_FSYNC, "<done>, but a power loss may undo this: <why>".
void sync_names(const std::filesystem::path& folder, const InternalOptions& options, const std::string& done);

/// Whether an error says that: the change is made.
PARAMSTORE_STORAGE_EXPORT bool is_complete(const StorageError& error) noexcept;

/// Throws StorageError: "<path>: <what>: <the text for the errno `number`>".
[[noreturn]] void throw_system_error(const std::filesystem::path& path, const std::string& what, int number);

}  // namespace paramstore::storage
