#include "lib/storage/sole_use.h"

#include <SQLiteCpp/Column.h>
#include <sqlite3.h>

#include <string>

#include "lib/storage/location.h"
#include "lib/storage/open_connection.h"
#include "lib/storage/sqlite_error.h"
#include "paramstore/error.h"

namespace paramstore::storage {

SoleUse::SoleUse(const std::filesystem::path& path, const InternalOptions& options) {
  constexpr const char* doing = "have the scope's file alone, to drop it";
  const std::string name = path.string();
  const auto in_use = [&](int code) {
    return StoreBusy(name +
                         ": is open in another process (or elsewhere in this one), and so cannot be dropped; close it "
                         "there and try again",
                     code);
  };
  ConnectionOptions waiting;
  waiting.busy_timeout = options.busy_timeout;
  database_ = open_connection(file_uri(path, OpenMode::read_write, options.vfs), name, waiting);
  try {
    // Leaving WAL mode writes the -wal back and removes it; it works only if nobody else has the file open.
    set_journal_mode(*database_, "main", "DELETE", name, doing, options.busy_timeout);
    execute(*database_, "BEGIN EXCLUSIVE", name, doing);
  } catch (const StoreBusy& error) {
    throw in_use(error.code());
  }
  const std::string mode =
      in_our_words(*database_, name, doing, [&] { return database_->execAndGet("PRAGMA journal_mode").getString(); });
  if (mode != "delete") throw in_use(SQLITE_BUSY);  // somebody opened it between the two
}

}  // namespace paramstore::storage
