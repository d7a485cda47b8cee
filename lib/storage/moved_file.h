// A store file that is deleted, moved or replaced while it is open. SQLite goes on writing to the file that it opened,
// where nobody finds it again, and the log beside the path waits for whatever file gets that path next.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

struct sqlite3;

namespace paramstore::storage {

/// Whether the path of the file at `schema` leads to another file by now, or to none. Costs one stat.
bool has_moved(sqlite3* handle, const char* schema) noexcept;

/// The log that an open file has beside it, known by its inode.
class LogBeside {
 public:
  /// Of a file in memory, or of one that is only read.
  LogBeside() = default;
  /// `file`: resolved, and in WAL mode already.
  explicit LogBeside(const std::filesystem::path& file);

  /// Called before the file at `schema` is closed, outside a transaction. If the file has moved and its log has not, writes
  /// the log's commits to the file, wherever that is, and removes the log, which would be read as the log of the next file
  /// with this path. A log with the same name that is another file is somebody else's, and stays.
  void part_from(sqlite3* handle, const char* schema) const noexcept;

 private:
  struct Beside {
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;  // 0: not there

    explicit Beside(std::string path);
    Beside() = default;
    bool still_there() const noexcept;
  };

  std::string file_;
  Beside log_;
  Beside index_;
};

}  // namespace paramstore::storage
