// Waiting for the disk, where SQLite does not do it.
#pragma once

#include <filesystem>
#include <string>

namespace paramstore::storage {

/// Returns when what is in the file `path` is on the disk; of a folder, the names in it.
void sync(const std::filesystem::path& path);

/// Throws StorageError: `path`: `what`: what errno's `number` means.
[[noreturn]] void throw_system_error(const std::filesystem::path& path, const std::string& what, int number);

}  // namespace paramstore::storage
