#include "lib/storage/sync.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "paramstore/error.h"

namespace paramstore::storage {

void throw_system_error(const std::filesystem::path& path, const std::string& what, int number) {
  throw StorageError(path.string() + ": " + what + ": " + std::strerror(number),
                     number == ENOSPC ? SQLITE_FULL : SQLITE_IOERR);
}

void sync(const std::filesystem::path& path, const InternalOptions& options) {
  if (options.sync) return options.sync(path);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) throw_system_error(path, "cannot be opened to be synced", errno);
  const int result = ::fsync(file);
  const int number = errno;
  ::close(file);
  if (result != 0) throw_system_error(path, "cannot be synced", number);
}

void sync_names(const std::filesystem::path& folder, const InternalOptions& options, const std::string& done) {
  try {
    sync(folder, options);
  } catch (const StorageError& error) {
    throw StorageError(done + ", but a power loss may undo this: " + error.what(), SQLITE_IOERR_DIR_FSYNC);
  }
}

bool is_complete(const StorageError& error) noexcept { return error.code() == SQLITE_IOERR_DIR_FSYNC; }

}  // namespace paramstore::storage
