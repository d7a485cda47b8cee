// A copy of a file, whole or not at all: made beside its target, then renamed to it, or written into the target if that
// exists.
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <fcntl.h>
#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "lib/storage/connection.h"
#include "lib/storage/open_connection.h"
#include "lib/storage/progress.h"
#include "lib/storage/record.h"
#include "lib/storage/replace_contents.h"
#include "lib/storage/sqlite_error.h"
#include "lib/storage/sync.h"
#include "lib/text/sql_identifier.h"
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

namespace fs = std::filesystem;

constexpr const char* copying = "copy the store";
constexpr const char* infix = ".copy-";
constexpr std::size_t longest_suffix = 26;  // with the largest number

// The temporary file, until it is renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) {
    std::uint64_t number = 0;
    sqlite3_randomness(sizeof number, &number);
    path_ = beside(target, infix + std::to_string(number));
  }
  ~TemporaryFile() {
    std::error_code ignored;
    for (const char* each : {"", "-wal", "-shm", "-journal"}) fs::remove(beside(path_, each), ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_;
};

// Gives the temporary file the target's name. False if a file with that name exists, or a log or journal that a deleted
// store left behind: SQLite would take it for the new file's.
bool take_name(const fs::path& temporary, const fs::path& target) {
  std::error_code error;
  for (const char* each : {"-wal", "-journal"}) {
    if (fs::exists(beside(target, each), error)) return false;
  }
  if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST) return false;
  // Some file systems do not support this kind of rename.
  if (errno != EINVAL && errno != ENOSYS) throw_system_error(target, "cannot be made", errno);
  if (fs::exists(target, error)) return false;
  if (::rename(temporary.c_str(), target.c_str()) != 0) throw_system_error(target, "cannot be made", errno);
  return true;
}

}  // namespace

void StoreFile::copy_to(const fs::path& target_path, const std::function<void(WriteTransaction&)>& amend,
                        const Progress& progress) {
  impl_->ready();
  Connection& connection = *impl_->connection;
  if (connection.in_transaction()) throw Error(impl_->path + ": cannot be copied while a transaction is open");

  InternalOptions options = connection.options();
  options.read_only = false;
  options.create = true;
  inspect_path(target_path, options);
  const fs::path target = resolve(target_path);
  check_length(target, target_path.string(), options.vfs, longest_suffix);
  std::error_code error;
  if (!impl_->in_memory() && (target == impl_->resolved || fs::equivalent(target, impl_->resolved, error))) {
    throw Error(impl_->path + ": is the store itself; a copy needs another path");
  }
  const FileKind kind = file_kind(target, options.vfs);
  if (kind == FileKind::no_database || kind == FileKind::other_database) {
    throw NotAStore(target_path.string() + ": exists and is not a store; it is not replaced");
  }

  const TemporaryFile temporary(target);
  connection.make_room();
  impl_->ready();
  const std::uint64_t size = file_size(impl_->statements);
  const std::uint64_t total = kind == FileKind::missing ? size : 2 * size;
  {
    // A damaged file's pages may form a cycle: stop a copy that outgrows what the original can hold.
    const std::uint64_t most = 2 * size + (64 << 20);
    const auto look = [&] {
      std::error_code none;
      std::uint64_t written = fs::file_size(temporary.path(), none);
      if (none) written = 0;  // not made yet
      if (written > most)
        throw CorruptStore(impl_->path + ": a copy is larger than the file can hold: the file is damaged");
      if (progress) progress(std::min(written, size), total);
    };
    const auto vacuum_into = [&](SQLite::Database& database, const std::string& alias, const fs::path& path) {
      in_our_words(database, impl_->path, copying, [&] {
        SQLite::Statement vacuum(database, "VACUUM " + sql_identifier(alias) + " INTO ?1");
        vacuum.bind(1, file_uri(path, OpenMode::create, options.vfs));
        run_watched(database.getHandle(), look, [&] { vacuum.exec(); });
      });
    };
    if (impl_->in_memory()) {
      // SQLite ignores PRAGMA page_size when it vacuums a database in memory, so a second copy gets the pages of a file.
      const TemporaryFile small_pages(target);
      vacuum_into(connection.database(), impl_->alias, small_pages.path());
      const auto copied = open_connection(file_uri(small_pages.path(), OpenMode::read_write, options.vfs),
                                          small_pages.path().string(), {});
      execute(*copied, "PRAGMA page_size = " + std::to_string(file_page_size), impl_->path, copying);
      vacuum_into(*copied, "main", temporary.path());
    } else {
      vacuum_into(connection.database(), impl_->alias, temporary.path());
    }
    if (progress) progress(size, total);
  }
  {
    options.create = false;
    Database copy = open_database(temporary.path(), options);
    Connection& copied = *copy.connection_;
    const std::string path = temporary.path().string();
    in_our_words(copied.database(), path, copying, [&] {
      SQLite::Transaction transaction(copied.database());
      copied.database().exec("DELETE FROM main.scopes");
      copied.database().exec("UPDATE main.meta SET value = lower(hex(randomblob(16))) WHERE key = 'store_id'");
      transaction.commit();
    });
    if (amend) {
      WriteTransaction transaction(copy.main());
      amend(transaction);
      transaction.commit();
    }
    // The -wal must be written back before the file is renamed without it. Closing does that too, but hides errors.
    const int code = sqlite3_wal_checkpoint_v2(copied.handle(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    check_sqlite(copied.handle(), code, path, copying);
  }
  sync(temporary.path(), options);
  if (take_name(temporary.path(), target)) {
    sync_names(target.parent_path(), options, target.string() + copy_is_complete);
    return;
  }
  replace_contents(target, temporary.path(), options, [&](std::uint64_t done, std::uint64_t pages) {
    if (progress) progress(std::min(size + (total - size) / pages * done, total), total);
  });
}

}  // namespace paramstore::storage
