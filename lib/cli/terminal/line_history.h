// The lines that a person typed in earlier sessions.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

struct history;  // libedit's

namespace paramstore::cli {

/// Where the history `name` is kept: the path in PARAMSTORE_HISTORY, else paramstore/NAME in $XDG_STATE_HOME or
/// ~/.local/state. Empty if PARAMSTORE_HISTORY is empty, or there is no home folder: then nothing is kept.
std::filesystem::path history_path(const std::string& name);

/// The newest 1000 entries, of the file and of this session. Only their owner can read the file. Several sessions may
/// use it at once: each appends what it adds.
class LineHistory {
 public:
  /// Reads the file, if it exists; an empty path means that nothing is kept. Throws FileError if that fails.
  explicit LineHistory(std::filesystem::path file);
  ~LineHistory();
  LineHistory(const LineHistory&) = delete;
  LineHistory& operator=(const LineHistory&) = delete;

  /// Adds an entry, unless it is the newest one already. Throws FileError if the file cannot be written: from then on
  /// entries are in memory only.
  void add(const std::string& entry);

  struct ::history* handle() noexcept {
    return entries_.get();
  }

 private:
  struct End {
    void operator()(struct ::history* entries) const noexcept;
  };
  std::filesystem::path file_;
  using Entries = std::unique_ptr<struct ::history, End>;
  Entries entries_;
};

}  // namespace paramstore::cli
