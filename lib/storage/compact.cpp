// Removing the space that erased values left in a file.
#include <sqlite3.h>

#include "lib/storage/connection.h"
#include "lib/storage/progress.h"
#include "lib/storage/sqlite_error.h"
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

constexpr const char* compacting = "compact the store";

// VACUUM makes a whole copy as a temporary file; all other temporary files are kept in memory.
class TemporaryFilesOnDisk {
 public:
  explicit TemporaryFilesOnDisk(sqlite3* handle) : handle_(handle) { set("FILE"); }
  ~TemporaryFilesOnDisk() { set("MEMORY"); }
  TemporaryFilesOnDisk(const TemporaryFilesOnDisk&) = delete;
  TemporaryFilesOnDisk& operator=(const TemporaryFilesOnDisk&) = delete;

 private:
  void set(const char* where) noexcept {
    sqlite3_exec(handle_, (std::string("PRAGMA temp_store = ") + where).c_str(), nullptr, nullptr, nullptr);
  }
  sqlite3* handle_;
};

}  // namespace

bool StoreFile::compact(const Progress& progress) {
  statements();
  Connection& connection = *impl_->connection;
  sqlite3* const handle = connection.handle();
  if (impl_->read_only) throw Error(impl_->path + ": was opened read-only");
  if (connection.in_transaction()) throw Error(impl_->path + ": cannot be compacted while a transaction is open");
  connection.make_room();
  statements();
  const std::string schema = quote_identifier(impl_->alias);
  const auto look = [&] {
    if (progress) progress(0, 0);
  };

  // A file whose pages lead back to each other would be copied until the disk is full.
  std::string found;
  Statement check(handle, "PRAGMA " + schema + ".quick_check(1)", impl_->path, compacting);
  run_watched(handle, look, [&] {
    if (check.step()) found = check.text(0);
  });
  check.reset();
  if (found != "ok") {
    throw CorruptStore(impl_->path + ": cannot " + compacting + ": the file is damaged (SQLite: " + found +
                       "); restore it from a copy, or try the sqlite3 shell's .recover");
  }

  {
    const TemporaryFilesOnDisk on_disk(handle);
    Statement vacuum(handle, "VACUUM " + schema, impl_->path, compacting);
    run_watched(handle, look, [&] { vacuum.step(); });
  }
  if (impl_->in_memory()) return true;
  const int code =
      sqlite3_wal_checkpoint_v2(handle, impl_->alias.c_str(), SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (is_busy(code)) return false;
  check_sqlite(handle, code, impl_->path, compacting);
  return true;
}

}  // namespace paramstore::storage
