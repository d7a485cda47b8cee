// Where a store is: what is at a path before SQLite sees it, and the URIs that SQLite opens.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "paramstore/error.h"
#include "paramstore/storage/database.h"

namespace paramstore::storage {

enum class OpenMode { create, read_write, read_only, immutable };

/// "file:///folder/name?mode=rw&vfs=..." for an absolute path. Everything that URIs treat specially is encoded.
std::string file_uri(const std::filesystem::path& path, OpenMode mode, std::string_view vfs);

/// A database in memory that all connections of this process can open, until the last of them closes it.
std::string new_memory_uri();

/// The absolute path with symbolic links resolved, also one to a file that is yet to be made, so that the same file has
/// the same scopes by every name.
std::filesystem::path resolve(const std::filesystem::path& path);

/// Throws what is wrong with `path` as a store to be opened in this way, as far as looking at it from outside shows: a
/// directory, a missing folder, a missing file, a name that is too long, no access, something that is no SQLite
/// database.
void inspect_path(const std::filesystem::path& path, const OpenOptions& options);

/// Throws where the name of the file `resolved`, with a suffix of that many bytes and those that SQLite adds, is longer
/// than the file system or SQLite allows.
void check_length(const std::filesystem::path& resolved, const std::string& path, const std::string& vfs,
                  std::size_t suffix);

/// Whether this process may write the file and make others beside it.
bool may_be_written(const std::filesystem::path& resolved);

/// Whether a write that has not ended, or what one that was cut short has left, lies beside the file.
bool has_journal(const std::filesystem::path& resolved);

/// How to open a file that is only to be read: OpenMode::read_only, or OpenMode::immutable where nothing may be made
/// beside it: the folder may not be written, or the file belongs to somebody who could not write to a -wal and -shm of
/// ours, and so no longer to the file. Throws StorageError where that would leave out commits that wait in a -wal.
OpenMode reading_mode(const std::filesystem::path& resolved, const std::string& path, const std::string& vfs);

/// How long opening a file waits at least, whatever the busy timeout: a connection that closes asks for the whole file
/// for a moment, in which SQLite lets nobody in. Nobody who only reads has to wait for a writer's transaction.
constexpr std::chrono::milliseconds least_opening_timeout(200);

/// What a file's first 100 bytes say, which is what SQLite wrote there when the file was made. `unfinished`: only
/// SQLite can tell, once it has undone a write that did not end.
enum class FileKind { missing, empty, store, other_database, no_database, unfinished };
FileKind file_kind(const std::filesystem::path& path, const std::string& vfs);

/// What of a file tells, from outside, that somebody has written to it since; for one that is read without locks.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed = 0;  // nanoseconds
  bool has_log = false;      // commits in a -wal
  bool has_journal = false;  // a write that has not ended
};
bool operator==(const FileStamp& a, const FileStamp& b) noexcept;
FileStamp stamp_of(const std::filesystem::path& path);

/// `path` with `suffix` added to its file name: the -wal, the -shm.
std::filesystem::path beside(const std::filesystem::path& path, std::string_view suffix);

}  // namespace paramstore::storage
