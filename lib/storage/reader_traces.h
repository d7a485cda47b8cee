// What reading a store makes SQLite leave beside it.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <utility>

namespace paramstore::storage {

/// The files that a connection has opened only for reading. Beside each of them SQLite makes an empty -wal and a -shm, which
/// that connection may not remove. Destroyed after the connection, this removes them: not if a commit waits in the log, if
/// the file may not be written, or if anybody still has it open. The last connection to close that may write removes them, and
/// SQLite's locks tell which is the last.
class ReaderTraces {
 public:
  explicit ReaderTraces(std::string vfs) : vfs_(std::move(vfs)) {}
  ~ReaderTraces();
  ReaderTraces(const ReaderTraces&) = delete;
  ReaderTraces& operator=(const ReaderTraces&) = delete;

  void add(const std::filesystem::path& file) { files_.insert(file); }

 private:
  std::string vfs_;
  std::set<std::filesystem::path> files_;
};

}  // namespace paramstore::storage
