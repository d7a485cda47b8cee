#include "lib/storage/moved_file.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "lib/storage/location.h"

namespace paramstore::storage {

bool has_moved(sqlite3* handle, const char* schema) noexcept {
  int moved = 0;
  // A file system that cannot tell leaves the answer as it is.
  sqlite3_file_control(handle, schema, SQLITE_FCNTL_HAS_MOVED, &moved);
  return moved != 0;
}

LogBeside::Beside::Beside(std::string where) : path(std::move(where)) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return;
  device = status.st_dev;
  inode = status.st_ino;
}

bool LogBeside::Beside::still_there() const noexcept {
  struct stat status {};
  return inode != 0 && ::stat(path.c_str(), &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

LogBeside::LogBeside(const std::filesystem::path& file)
    : file_(file.string()), log_(beside(file, "-wal").string()), index_(beside(file, "-shm").string()) {}

void LogBeside::part_from(sqlite3* handle, const char* schema) const noexcept {
  if (!has_moved(handle, schema) || !log_.still_there()) return;
  // SQLite does neither at closing once the file has moved.
  int in_log = -1;
  int written_back = -1;
  const int code = sqlite3_wal_checkpoint_v2(handle, schema, SQLITE_CHECKPOINT_PASSIVE, &in_log, &written_back);
  const bool complete = code == SQLITE_OK && in_log == written_back;
  const bool replaced = ::access(file_.c_str(), F_OK) == 0;
  // If commits are only in the log and no other file has the path yet, the log is all that there is of them.
  if (!complete && !replaced) return;
  ::unlink(log_.path.c_str());
  if (index_.still_there()) ::unlink(index_.path.c_str());
}

}  // namespace paramstore::storage
