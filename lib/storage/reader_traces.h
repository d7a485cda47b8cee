// What reading a store makes SQLite leave beside it.
#pragma once

#include <filesystem>
#include <string>

namespace paramstore::storage {

/// Removes the empty -wal and the -shm that a connection that only reads makes and may not remove. Does nothing if a commit
/// waits in the log, if the file may not be written, or if anybody still has it open: the last connection to close that may
/// write removes them, and SQLite's locks tell which is the last. To be called once the reading connection is closed.
void remove_reader_traces(const std::filesystem::path& file, const std::string& vfs) noexcept;

}  // namespace paramstore::storage
