#include "lib/cli/terminal/line_history.h"

#include <fcntl.h>
#include <histedit.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "lib/cli/exit_status.h"

namespace paramstore::cli {
namespace {

namespace fs = std::filesystem;

struct Close {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;

constexpr int most_entries = 1000;
constexpr std::uintmax_t most_bytes = std::uintmax_t{1} << 20;  // of the file, before old entries are dropped from it

[[noreturn]] void fail(const fs::path& file, const char* doing, int error) {
  throw FileError(file.string() + ": the history cannot be " + doing + ": " + std::strerror(error) +
                  "; PARAMSTORE_HISTORY in the environment can name another file, or none if it is empty");
}

File open(const fs::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, S_IRUSR | S_IWUSR);
  if (descriptor < 0) fail(path, "written", errno);
  File file(fdopen(descriptor, (flags & O_APPEND) != 0 ? "a" : "w"));
  // A file that exists may have been readable to others.
  if (!file || fchmod(descriptor, S_IRUSR | S_IWUSR) != 0) fail(path, "written", errno);
  return file;
}

// Appends all entries. The format is libedit's, which starts an empty file with a line of its own.
void write(History* entries, File file, const fs::path& path) {
  std::fseek(file.get(), 0, SEEK_END);
  HistEvent event{};
  const bool written = ::history(entries, &event, H_SAVE_FP, file.get()) >= 0;
  if (std::fclose(file.release()) != 0 || !written) fail(path, "written", errno);
}

void make_folder(const fs::path& folder) {
  if (folder.empty() || fs::exists(folder)) return;
  make_folder(folder.parent_path());
  if (mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) fail(folder, "written", errno);
}

}  // namespace

fs::path history_path(const std::string& name) {
  if (const char* said = std::getenv("PARAMSTORE_HISTORY")) return said;
  const fs::path below = fs::path("paramstore") / name;
  // The specification of XDG_STATE_HOME says to ignore a relative one.
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/') return state / below;
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/') return home / (".local/state" / below);
  return {};
}

void LineHistory::End::operator()(History* entries) const noexcept { history_end(entries); }

LineHistory::LineHistory(fs::path file) : file_(std::move(file)), entries_(history_init()) {
  if (!entries_) throw std::bad_alloc();
  HistEvent event{};
  ::history(entries_.get(), &event, H_SETSIZE, most_entries);
  ::history(entries_.get(), &event, H_SETUNIQUE, 1);
  std::error_code error;
  const std::uintmax_t size = file_.empty() ? 0 : fs::file_size(file_, error);
  if (error == std::errc::no_such_file_or_directory || size == 0) return;
  if (error) fail(file_, "read", error.value());
  errno = EINVAL;  // libedit does not say why: it is not its format
  if (::history(entries_.get(), &event, H_LOAD, file_.c_str()) < 0) fail(file_, "read", errno);
  if (size <= most_bytes) return;
  fs::path shorter = file_;
  shorter += "." + std::to_string(getpid());
  write(entries_.get(), open(shorter, O_TRUNC), shorter);
  fs::rename(shorter, file_);
}

LineHistory::~LineHistory() = default;

void LineHistory::add(const std::string& entry) {
  HistEvent event{};
  const bool is_newest = ::history(entries_.get(), &event, H_FIRST) >= 0 && entry == event.str;
  if (entry.empty() || is_newest) return;
  if (::history(entries_.get(), &event, H_ENTER, entry.c_str()) < 0) throw std::bad_alloc();
  if (file_.empty()) return;
  // A history of this entry alone: libedit 3.1 writes two if it is asked for the newest one (H_NSAVE_FP).
  const Entries newest(history_init());
  if (!newest || ::history(newest.get(), &event, H_SETSIZE, 1) < 0 ||
      ::history(newest.get(), &event, H_ENTER, entry.c_str()) < 0)
    throw std::bad_alloc();
  fs::path file = std::exchange(file_, {});  // an error is reported once; then nothing more is kept
  make_folder(file.parent_path());
  write(newest.get(), open(file, O_APPEND), file);
  file_ = std::move(file);
}

}  // namespace paramstore::cli
