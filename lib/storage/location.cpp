#include "lib/storage/location.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <new>
#include <tuple>

#include "lib/storage/migrations.h"
#include "lib/storage/sqlite_error.h"
#include "lib/text/utf8.h"
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

namespace fs = std::filesystem;

constexpr int header_size = 100;
constexpr unsigned char newest_format = 2;  // bytes 18 and 19: for writers, for readers
constexpr std::string_view sqlite_magic("SQLite format 3\0", 16);

std::string percent_encode_path(const std::string& path) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string result;
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      const auto byte = static_cast<unsigned char>(c);
      result += '%';
      result += digits[byte >> 4];
      result += digits[byte & 15];
    } else {
      result += c;
    }
  }
  return result;
}

sqlite3_vfs* find_vfs(const std::string& name) {
  sqlite3_vfs* const vfs = sqlite3_vfs_find(name.empty() ? nullptr : name.c_str());
  if (vfs == nullptr) throw StorageError("there is no SQLite VFS named '" + name + "'", SQLITE_CANTOPEN);
  return vfs;
}

// The first bytes of a file, read through SQLite's own file system. Plain open and close would be wrong: closing any
// descriptor of a file drops every POSIX lock that this process has on it, including those of its other connections.
std::string read_header(const fs::path& path, const std::string& vfs_name) {
  sqlite3_vfs* const vfs = find_vfs(vfs_name);
  using Filename = std::unique_ptr<const char, void (*)(const char*)>;
  const Filename name(sqlite3_create_filename(path.c_str(), "", "", 0, nullptr), sqlite3_free_filename);
  const std::unique_ptr<sqlite3_file, void (*)(void*)> file(static_cast<sqlite3_file*>(sqlite3_malloc(vfs->szOsFile)),
                                                            sqlite3_free);
  if (name == nullptr || file == nullptr) throw std::bad_alloc();
  std::memset(file.get(), 0, static_cast<std::size_t>(vfs->szOsFile));
  std::string header(header_size, '\0');  // before the file is open: this can throw
  int code = vfs->xOpen(vfs, name.get(), file.get(), SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB, nullptr);
  sqlite3_int64 size = 0;
  if (code == SQLITE_OK) {
    code = file->pMethods->xFileSize(file.get(), &size);
    header.resize(static_cast<std::size_t>(std::min<sqlite3_int64>(size, header_size)));
    if (code == SQLITE_OK && size > 0)
      code = file->pMethods->xRead(file.get(), header.data(), static_cast<int>(header.size()), 0);
  }
  if (file->pMethods != nullptr) file->pMethods->xClose(file.get());
  check_sqlite(nullptr, code, path.string(), "read the file");
  return header;
}

// Only in WAL mode does SQLite create files beside one that it reads.
bool is_in_wal_mode(std::string_view header) { return header.size() == header_size && header[19] == 2; }

FileKind kind_of(std::string_view header) {
  if (header.empty()) return FileKind::empty;
  if (header.size() < header_size || header.substr(0, sqlite_magic.size()) != sqlite_magic)
    return FileKind::no_database;
  std::uint32_t application_id = 0;
  for (std::size_t i = 68; i < 72; ++i) application_id = application_id << 8 | static_cast<unsigned char>(header[i]);
  return application_id == static_cast<std::uint32_t>(store_application_id) ? FileKind::store
                                                                            : FileKind::other_database;
}

bool may(const fs::path& path, int how) { return ::access(path.c_str(), how) == 0; }

bool is_filled(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return !error && size > 0;
}

// As SQLite sees it: a journal that begins with a zero byte was never used. It stays if the disk fails while it is written.
bool is_to_be_undone(const fs::path& journal) {
  const int file = ::open(journal.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return is_filled(journal);
  char first = 0;
  const ssize_t size = ::read(file, &first, 1);
  ::close(file);
  return size < 0 ? is_filled(journal) : size == 1 && first != 0;
}

unsigned char format_at(std::string_view header, std::size_t at) { return static_cast<unsigned char>(header[at]); }

const char* kind_name(fs::file_type type) {
  switch (type) {
    case fs::file_type::directory:
      return "a folder";
    case fs::file_type::symlink:
      return "a symbolic link";
    case fs::file_type::fifo:
      return "a named pipe (FIFO)";
    case fs::file_type::socket:
      return "a socket";
    case fs::file_type::block:
    case fs::file_type::character:
      return "a device";
    default:
      return "not a regular file";
  }
}

}  // namespace

std::string file_uri(const fs::path& path, OpenMode mode, std::string_view vfs) {
  std::string uri = "file://" + percent_encode_path(path.string());
  switch (mode) {
    case OpenMode::create:
      uri += "?mode=rwc";
      break;
    case OpenMode::read_write:
      uri += "?mode=rw";
      break;
    case OpenMode::read_only:
      uri += "?mode=ro";
      break;
    case OpenMode::immutable:
      uri += "?mode=ro&immutable=1";
      break;
  }
  // Always named: a connection whose main file is in memory would otherwise look for this file there too.
  return uri.append("&vfs=").append(vfs.empty() ? sqlite3_vfs_find(nullptr)->zName : vfs);
}

std::string new_memory_uri() {
  std::uint64_t number[2];
  sqlite3_randomness(sizeof number, number);
  return "file:/paramstore-" + std::to_string(number[0]) + "-" + std::to_string(number[1]) + "?vfs=memdb";
}

fs::path resolve(const fs::path& path) {
  std::error_code error;
  fs::path resolved = fs::absolute(path, error);
  if (error) resolved = path;
  // A link to a file that does not exist is returned unresolved, so follow it here.
  constexpr int most_links = 40;  // as many as Linux follows
  for (int links = 0; links < most_links; ++links) {
    const fs::path canonical = fs::weakly_canonical(resolved, error);
    if (error) return resolved;
    resolved = canonical;
    const fs::path target = fs::read_symlink(resolved, error);
    if (error) return resolved;
    resolved = resolved.parent_path() / target;
  }
  return resolved;
}

void require_regular_files_beside(const fs::path& resolved, const std::string& path) {
  for (const char* suffix : {"-journal", "-wal", "-shm"}) {
    const fs::path file = beside(resolved, suffix);
    std::error_code error;
    const fs::file_type type = fs::symlink_status(file, error).type();
    if (type == fs::file_type::regular || type == fs::file_type::not_found) continue;
    if (type == fs::file_type::none) continue;  // it cannot be examined; SQLite says why it cannot be opened
    throw StorageError(path + ": cannot open the store: expected " + file.string() +
                           " to be a regular file, as SQLite makes it, or not to exist, but it is " + kind_name(type) +
                           "; remove it",
                       SQLITE_CANTOPEN);
  }
}

void inspect_path(const fs::path& path, const InternalOptions& options) {
  const std::string name = path.string();
  const auto fail = [&](const std::string& what) { throw StorageError(name + ": " + what, SQLITE_CANTOPEN); };
  if (name.empty()) throw StorageError("the path of the store is empty", SQLITE_CANTOPEN);
  if (name == ":memory:")
    throw StorageError("':memory:' is not a path; use in_memory() for a store in memory", SQLITE_CANTOPEN);
  if (name.find('\0') != std::string::npos)
    throw StorageError(in_quotes(name) + ": a path cannot hold a NUL", SQLITE_CANTOPEN);

  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    if (options.read_only || !options.create) fail("there is no such file");
    const fs::path folder = resolve(path).parent_path();
    if (!fs::is_directory(folder, error)) fail("the folder " + folder.string() + " does not exist; make it first");
    check_length(resolve(path), name, options.vfs, 0);
    require_regular_files_beside(resolve(path), name);
    if (::access(folder.c_str(), W_OK | X_OK) != 0)
      fail("cannot create a file in the folder: " + std::string(std::strerror(errno)));
    return;
  }
  if (error == std::errc::filename_too_long) check_length(resolve(path), name, options.vfs, 0);
  if (error) fail("cannot be examined: " + error.message());
  if (status.type() == fs::file_type::directory)
    fail("is a directory; name a file in it, such as " + (path / "model.params.db").string());
  if (status.type() != fs::file_type::regular) fail("is not a regular file");

  if (::access(path.c_str(), R_OK) != 0) fail("may not be read: " + std::string(std::strerror(errno)));
  const fs::path resolved = resolve(path);
  check_length(resolved, name, options.vfs, 0);
  require_regular_files_beside(resolved, name);
  if (!has_journal(resolved)) {
    // First: another process may be making the store, and there is no log before the file has bytes.
    const bool has_log = is_filled(beside(resolved, "-wal"));
    const std::string header = read_header(resolved, options.vfs);
    if (kind_of(header) == FileKind::no_database) {
      throw NotAStore(name + ": is not a store: expected an SQLite database, but the file begins with " +
                      in_quotes(std::string_view(header).substr(0, 16)));
    }
    if (kind_of(header) == FileKind::store && std::max(format_at(header, 18), format_at(header, 19)) > newest_format) {
      throw CorruptStore(name + ": its header names the file formats " + std::to_string(format_at(header, 18)) +
                         " and " + std::to_string(format_at(header, 19)) +
                         "; SQLite knows only 1 and 2: the file is damaged; restore it "
                         "from a copy");
    }
    // SQLite would take the file for a new one, and delete the log.
    if (kind_of(header) == FileKind::empty && has_log) {
      throw CorruptStore(
          name + ": is empty, but its log " + beside(resolved, "-wal").string() +
          " is not: the file was cut off; restore it from a copy, or delete the log to begin a new store");
    }
    if (kind_of(header) == FileKind::empty && options.read_only) {
      throw NotAStore(name + ": is empty; opened once for writing, it becomes a store");
    }
  }
  if (!options.read_only && ::access(path.c_str(), W_OK) != 0) {
    throw StorageError(name + ": may not be written (" + std::strerror(errno) +
                           "); change its permissions, or open it for reading only",
                       SQLITE_READONLY);
  }
}

void check_length(const fs::path& resolved, const std::string& path, const std::string& vfs, std::size_t suffix) {
  constexpr std::size_t journal = 8;  // "-journal", the longest name beside the file
  const auto check = [&](const char* what, const fs::path& text, std::size_t limit) {
    const std::size_t size = text.string().size();
    if (size + suffix + journal <= limit) return;
    throw StorageError(path + ": " + what + " is too long: it has " + std::to_string(size) + " bytes; at most " +
                           std::to_string(limit - std::min(limit, suffix + journal)) +
                           " leave room for the names of the files beside it",
                       SQLITE_CANTOPEN);
  };
  const long longest_name = ::pathconf(resolved.parent_path().c_str(), _PC_NAME_MAX);
  check("the file's name", resolved.filename(), longest_name > 0 ? static_cast<std::size_t>(longest_name) : 255);
  check("the whole path", resolved, static_cast<std::size_t>(find_vfs(vfs)->mxPathname));
}

bool has_journal(const fs::path& resolved) { return is_to_be_undone(beside(resolved, "-journal")); }

bool may_be_written(const fs::path& resolved) { return may(resolved.parent_path(), W_OK) && may(resolved, W_OK); }

OpenMode reading_mode(const fs::path& resolved, const std::string& path, const std::string& vfs) {
  if (may_be_written(resolved)) return OpenMode::read_only;
  const fs::path log = beside(resolved, "-wal");
  const bool in_use = may(log, R_OK) && may(beside(resolved, "-shm"), R_OK);
  if (in_use || !is_in_wal_mode(read_header(resolved, vfs))) return OpenMode::read_only;
  std::error_code none;
  const auto log_size = fs::file_size(log, none);
  if (none || log_size == 0) return OpenMode::immutable;
  throw StorageError(path + ": cannot open the store: the newest commits are in " + log.string() +
                         ", which can be read only if the store and its folder are writable; open the store once for "
                         "writing, or copy both files to another folder",
                     SQLITE_CANTOPEN);
}

FileKind file_kind(const fs::path& path, const std::string& vfs) {
  std::error_code error;
  if (fs::status(path, error).type() == fs::file_type::not_found) return FileKind::missing;
  if (has_journal(path)) return FileKind::unfinished;
  return kind_of(read_header(path, vfs));
}

bool operator==(const FileStamp& a, const FileStamp& b) noexcept {
  const auto all = [](const FileStamp& each) {
    return std::tie(each.device, each.inode, each.size, each.changed, each.has_log, each.has_journal);
  };
  return all(a) == all(b);
}

FileStamp stamp_of(const fs::path& path) {
  FileStamp stamp;
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    stamp.device = status.st_dev;
    stamp.inode = status.st_ino;
    stamp.size = status.st_size;
    stamp.changed = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  }
  stamp.has_log = is_filled(beside(path, "-wal"));
  stamp.has_journal = has_journal(path);
  return stamp;
}

fs::path beside(const fs::path& path, std::string_view suffix) {
  fs::path result = path;
  result += suffix;
  return result;
}

}  // namespace paramstore::storage
