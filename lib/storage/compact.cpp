// Removing the space that erased values left in a file.
#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include "lib/storage/connection.h"
#include "lib/storage/progress.h"
#include "lib/storage/sqlite_error.h"
#include "lib/text/sql_identifier.h"
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

constexpr const char* compacting = "compact the store";

// VACUUM makes a whole copy as a temporary file; all other temporary files are kept in memory.
class TemporaryFilesOnDisk {
 public:
  explicit TemporaryFilesOnDisk(SQLite::Database& database) : database_(database) {
    database_.exec("PRAGMA temp_store = FILE");
  }
  // If this fails, temporary files stay on disk, which is slower and nothing else.
  ~TemporaryFilesOnDisk() { database_.tryExec("PRAGMA temp_store = MEMORY"); }
  TemporaryFilesOnDisk(const TemporaryFilesOnDisk&) = delete;
  TemporaryFilesOnDisk& operator=(const TemporaryFilesOnDisk&) = delete;

 private:
  SQLite::Database& database_;
};

}  // namespace

bool StoreFile::compact(const Progress& progress) {
  impl_->ready();
  Connection& connection = *impl_->connection;
  if (impl_->read_only) throw Error(impl_->path + ": was opened read-only");
  if (connection.in_transaction()) throw Error(impl_->path + ": cannot be compacted while a transaction is open");
  connection.make_room();
  impl_->ready();
  const std::string schema = sql_identifier(impl_->alias);
  const auto look = [&] {
    if (progress) progress(0, 0);
  };

  // A file whose pages lead back to each other would be copied until the disk is full.
  const std::string found = in_our_words(connection.database(), impl_->path, compacting, [&] {
    SQLite::Statement check(connection.database(), "PRAGMA " + schema + ".quick_check(1)");
    run_watched(connection.handle(), look, [&] { check.executeStep(); });
    return check.hasRow() ? check.getColumn(0).getString() : std::string();
  });
  if (found != "ok") {
    require_readable(connection.handle(), impl_->path, compacting);
    throw CorruptStore(impl_->path + ": cannot " + compacting + ": the file is damaged (SQLite: " + found +
                       "); restore it from a copy, or try the sqlite3 shell's .recover");
  }

  in_our_words(connection.database(), impl_->path, compacting, [&] {
    const TemporaryFilesOnDisk on_disk(connection.database());
    SQLite::Statement vacuum(connection.database(), "VACUUM " + schema);
    run_watched(connection.handle(), look, [&] { vacuum.exec(); });
  });
  if (impl_->in_memory()) return true;
  const int code = sqlite3_wal_checkpoint_v2(connection.handle(), impl_->alias.c_str(), SQLITE_CHECKPOINT_TRUNCATE,
                                             nullptr, nullptr);
  if (is_busy(code)) return false;
  check_sqlite(connection.handle(), code, impl_->path, compacting);
  return true;
}

}  // namespace paramstore::storage
