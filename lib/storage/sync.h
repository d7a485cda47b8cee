// Waits for the disk if SQLite does not.
#pragma once

#include <filesystem>
#include <string>

namespace paramstore::storage {

/// Returns when the contents of the file `path` are on the disk; for a folder, the names in it.
void sync(const std::filesystem::path& path);

/// Throws StorageError: "<path>: <what>: <the text for the errno `number`>".
[[noreturn]] void throw_system_error(const std::filesystem::path& path, const std::string& what, int number);

}  // namespace paramstore::storage
