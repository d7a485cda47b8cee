#include "lib/storage/sole_use.h"

#include <sqlite3.h>

#include <string>

#include "lib/storage/connection.h"
#include "lib/storage/location.h"
#include "lib/storage/sqlite_error.h"
#include "lib/storage/statement.h"
#include "paramstore/error.h"

namespace paramstore::storage {

SoleUse::SoleUse(const std::filesystem::path& path, const OpenOptions& options) {
  constexpr const char* doing = "have the scope's file alone, to drop it";
  const std::string name = path.string();
  const auto in_use = [&](int code) {
    return StoreBusy(name +
                         ": is open in another process (or elsewhere in this one), and so cannot be dropped; close it "
                         "there and try again",
                     code);
  };
  handle_ = open_handle(file_uri(path, OpenMode::read_write, options.vfs), name, options.busy_timeout);
  sqlite3* const handle = handle_->getHandle();
  try {
    // Leaving WAL mode writes the -wal back and removes it; it works only if nobody else has the file open.
    set_journal_mode(handle, "main", "DELETE", name, doing, options.busy_timeout);
    execute(handle, "BEGIN EXCLUSIVE", name, doing);
  } catch (const StoreBusy& error) {
    throw in_use(error.code());
  }
  Statement mode(handle, "PRAGMA journal_mode", name, doing);
  if (mode.step() && mode.text(0) != "delete") throw in_use(SQLITE_BUSY);  // somebody opened it between the two
}

}  // namespace paramstore::storage
