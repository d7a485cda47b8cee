// Where a store is: checks of its path before SQLite opens it, and the URIs that SQLite opens.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "lib/storage/store_internals.h"
#include "paramstore/error.h"

namespace paramstore::storage {

enum class OpenMode { create, read_write, read_only, immutable };

/// "file:///folder/name?mode=rw&vfs=..." for an absolute path. Everything that URIs treat specially is encoded.
std::string file_uri(const std::filesystem::path& path, OpenMode mode, std::string_view vfs);

/// A database in memory that all connections of this process can open, until the last of them closes it.
std::string new_memory_uri();

/// The absolute path with symbolic links resolved, even if the file does not exist yet, so that a file has the same
/// scopes under every name.
std::filesystem::path resolve(const std::filesystem::path& path);

/// Throws StorageError if something other than a regular file has the name of a journal, log or index of the store
/// `resolved`: SQLite would wait for ever for somebody to write into a pipe, and would write its log to wherever a
/// symbolic link leads. SQLite itself makes only regular files there. `path` is the store's name in the message.
void require_regular_files_beside(const std::filesystem::path& resolved, const std::string& path);

/// Throws if `path` visibly cannot be opened as a store in this way: a directory, a missing folder, a missing file, a
/// name that is too long, no access, a file that is not an SQLite database, or something beside it that is not a file.
void inspect_path(const std::filesystem::path& path, const InternalOptions& options);

/// Throws if the name of the file `resolved`, with a suffix of that many bytes and the suffixes that SQLite adds, is
/// longer than the file system or SQLite allows.
void check_length(const std::filesystem::path& resolved, const std::string& path, const std::string& vfs,
                  std::size_t suffix);

/// Whether this process may write the file and create others beside it.
bool may_be_written(const std::filesystem::path& resolved);

/// Whether the journal of an unfinished or interrupted write lies beside the file.
bool has_journal(const std::filesystem::path& resolved);

/// How to open a file for reading only: OpenMode::read_only, or OpenMode::immutable if nothing may be created beside
/// it: the folder is not writable, or the file belongs to somebody who could not write to our -wal and -shm, and so
/// could no longer write to the file. Throws StorageError if that would miss commits in a -wal.
OpenMode reading_mode(const std::filesystem::path& resolved, const std::string& path, const std::string& vfs);

/// The least time that opening a file waits, whatever the busy timeout: a closing connection locks the whole file for a
/// moment, in which SQLite lets nobody open it. Readers never have to wait for a writer's transaction.
constexpr std::chrono::milliseconds least_opening_timeout(200);

/// The kind of file according to its first 100 bytes, which SQLite writes when it creates the file. `unfinished`: only
/// SQLite can tell, once it has undone an unfinished write.
enum class FileKind { missing, empty, store, other_database, no_database, unfinished };
FileKind file_kind(const std::filesystem::path& path, const std::string& vfs);

/// Properties of a file that change when somebody writes to it; for a file that is read without locks.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed = 0;  // nanoseconds
  bool has_log = false;      // commits in a -wal
  bool has_journal = false;  // an unfinished write
};
bool operator==(const FileStamp& a, const FileStamp& b) noexcept;
FileStamp stamp_of(const std::filesystem::path& path);

/// `path` with `suffix` added to its file name: the -wal, the -shm.
std::filesystem::path beside(const std::filesystem::path& path, std::string_view suffix);

}  // namespace paramstore::storage
