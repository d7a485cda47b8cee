#include "lib/storage/sqlite_error.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>

#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

// Explains result codes to the user. The first match counts, so extended codes precede their primary ones.
struct Explanation {
  int code;
  const char* text;
};

constexpr Explanation explanations[] = {
    {SQLITE_READONLY_DIRECTORY, "its folder is not writable, and SQLite must create files beside the store"},
    {SQLITE_READONLY_ROLLBACK, "an unfinished write to the file must be undone first; open the store once for writing"},
    {SQLITE_READONLY_DBMOVED, "the file was moved or deleted while it was open"},
    {SQLITE_READONLY, "the file may not be written"},
    {SQLITE_FULL, "the disk is full; free some space and try again"},
    {SQLITE_IOERR_FSYNC, "the disk did not confirm that it wrote"},
    {SQLITE_IOERR_SHORT_READ, "the file is shorter than it should be"},
    {SQLITE_IOERR_CORRUPTFS, "the file cannot be read: Input/output error"},
    {SQLITE_IOERR_NOMEM, "out of memory"},
    {SQLITE_IOERR, "the disk or file system reported an input/output error"},
    {SQLITE_CANTOPEN_ISDIR, "the path is a directory"},
    {SQLITE_CANTOPEN, "the file, or one beside it (-wal, -shm), could not be opened"},
    {SQLITE_NOMEM, "out of memory"},
    {SQLITE_TOOBIG, "a value or text is longer than SQLite allows"},
    {SQLITE_PERM, "the file system denied access"},
    {SQLITE_AUTH, "SQLite denied access"},
    {SQLITE_CONSTRAINT_UNIQUE, "that name is taken already"},
    {SQLITE_CONSTRAINT, "a rule of the schema refused the row"},
};

const char* explain(int code) noexcept {
  for (const Explanation& each : explanations) {
    if (each.code == code || each.code == (code & 0xff)) return each.text;
  }
  return "SQLite refused";
}

[[noreturn]] void throw_for(int code, const std::string& words, const std::string& path, std::string_view doing) {
  const std::string start = path + ": cannot " + std::string(doing) + ": ";
  const std::string end = " (SQLite: " + words + ", code " + std::to_string(code) + ")";
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw StoreBusy(
          start + "another connection held the lock for longer than the busy timeout; try again once it is done" + end,
          code);
    case SQLITE_CORRUPT:
      // SQLite also says this of a read error in a file that it has closed again (one that it could not attach, the target of a
      // VACUUM), and require_readable cannot ask that one.
      throw CorruptStore(start +
                         "the file is damaged, or the disk failed to read it, which the system's log would show; "
                         "`paramstore verify` says where; restore a damaged file from a copy, or try the sqlite3 "
                         "shell's .recover" +
                         end);
    case SQLITE_NOTADB:
      throw NotAStore(start + "the file is not an SQLite database" + end);
    default:
      throw StorageError(start + explain(code) + end, code);
  }
}

// The system's error behind SQLite's finding that a file is damaged, if there is one; and forgets it.
int take_read_error(sqlite3_file* file) noexcept {
  if (file == nullptr || file->pMethods == nullptr) return 0;
  int number = 0;
  if (file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number) != SQLITE_OK) return 0;
  // SQLite's own file systems set it back only when a read goes beyond the end.
  sqlite3_int64 size = 0;
  char beyond = 0;
  if (number != 0 && file->pMethods->xFileSize(file, &size) == SQLITE_OK) file->pMethods->xRead(file, &beyond, 1, size);
  // Those for which SQLite says SQLITE_IOERR_CORRUPTFS, and then SQLITE_CORRUPT.
  return number == EIO || number == ENXIO || number == ERANGE ? number : 0;
}

}  // namespace

bool is_busy(int code) noexcept { return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED; }

int result_code(const SQLite::Exception& error) noexcept {
  const int code = error.getErrorCode();
  const int extended = error.getExtendedErrorCode();  // the connection's last one, or -1
  return extended > 0 && (extended & 0xff) == (code & 0xff) ? extended : code;
}

void throw_sqlite_error(sqlite3* handle, int code, const std::string& path, std::string_view doing) {
  std::string words = sqlite3_errstr(code);
  if (handle != nullptr && (sqlite3_errcode(handle) & 0xff) == (code & 0xff)) {
    code = sqlite3_extended_errcode(handle);
    words = sqlite3_errmsg(handle);
  }
  if ((code & 0xff) == SQLITE_CORRUPT) require_readable(handle, path, doing);
  throw_for(code, words, path, doing);
}

void throw_sqlite_error(sqlite3* handle, const SQLite::Exception& error, const std::string& path,
                        std::string_view doing) {
  const int code = result_code(error);
  if ((code & 0xff) == SQLITE_CORRUPT) require_readable(handle, path, doing);
  throw_for(code, error.what(), path, doing);
}

void require_readable(sqlite3* handle, const std::string& path, std::string_view doing) {
  struct Search {
    sqlite3* handle;
    int number;
  } search{handle, 0};
  const auto look = [](void* context, int, char** columns, char**) {
    auto& found = *static_cast<Search*>(context);
    for (const int which : {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER}) {  // the log, in WAL mode
      sqlite3_file* file = nullptr;
      if (sqlite3_file_control(found.handle, columns[1], which, &file) != SQLITE_OK) continue;
      if (const int number = take_read_error(file)) found.number = number;
    }
    return 0;
  };
  // If this fails, for want of memory, the file is called damaged.
  if (handle != nullptr) sqlite3_exec(handle, "PRAGMA database_list", look, &search, nullptr);
  if (search.number == 0) return;
  throw StorageError(path + ": cannot " + std::string(doing) +
                         ": the file cannot be read: " + std::strerror(search.number) +
                         "; the disk or file system failed: nothing says that the store itself is damaged; see the "
                         "system's log, and try again",
                     SQLITE_IOERR_READ);
}

}  // namespace paramstore::storage
