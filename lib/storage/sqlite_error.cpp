#include "lib/storage/sqlite_error.h"

#include <sqlite3.h>

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
      throw CorruptStore(start +
                         "the file is damaged, `paramstore verify` says where; restore it from a copy, or try the "
                         "sqlite3 shell's .recover" +
                         end);
    case SQLITE_NOTADB:
      throw NotAStore(start + "the file is not an SQLite database" + end);
    default:
      throw StorageError(start + explain(code) + end, code);
  }
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
  throw_for(code, words, path, doing);
}

void throw_sqlite_error(const SQLite::Exception& error, const std::string& path, std::string_view doing) {
  throw_for(result_code(error), error.what(), path, doing);
}

}  // namespace paramstore::storage
