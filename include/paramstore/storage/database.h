// A store on disk, without LibTorch: rows in SQLite files.
//
//   paramstore::storage::Database database("model.params.db");
//   auto& file = database.main();
//   if (auto record = file.find("weight")) {
//     std::vector<char> bytes(*value_size(record->shape, record->dtype));
//     file.read_value(*record, bytes.data());         // checked against its checksum
//   }
//
// A Database is one SQLite connection: the main file, and the files of its scopes, attached as they are used. A
// StoreFile is one of these files. Neither locks: use from one thread at a time.
//
// Files are not trusted: their triggers and views never run, their tables must be exactly those of schema/, and no
// length is believed before its bytes have been found.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "paramstore/storage/export.h"
#include "paramstore/storage/param_record.h"

namespace paramstore::storage {

class Connection;  // lib/storage

struct OpenOptions {
  /// Never writes; also works if the folder and file are not writable. Then, unless the store is open for writing
  /// elsewhere, no files are created beside it and it is read without locks: a call that collides with a writer throws
  /// StoreBusy, and the next one sees what the writer committed. Default: false.
  bool read_only = false;
  /// Creates the file if it does not exist. Default: true. Ignored with `read_only`.
  bool create = true;
  /// How long to wait for another writer before StoreBusy. Default: 5 seconds.
  std::chrono::milliseconds busy_timeout{5000};
  /// Whether a commit waits for the disk (fsync) and so survives power loss. Default: true. If false, it survives the
  /// death of the process; power loss may roll back the last commits but never corrupts the file.
  bool survive_power_loss = true;
};

/// When and why a commit was made; goes into the `commits` table. The message must be UTF-8.
struct CommitInfo {
  std::optional<std::int64_t> step;
  std::optional<std::string> message;
};

/// A row of the `commits` table: a commit that was made.
struct CommitRecord {
  Revision revision = 0;
  std::string time;  // UTC, ISO 8601 with milliseconds, unless another tool wrote something else
  std::optional<std::int64_t> step;
  std::optional<std::string> message;
};

/// Called about ten times a second during long work, with the bytes done and the total (0 if unknown). If it throws,
/// the work is stopped and undone, and the exception reaches the caller.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// One thing that is wrong in a file.
struct Damage {
  std::string name;  // of the parameter; empty if the damage is not in one parameter
  std::string what;
};

/// What `StoreFile::verify` found.
struct Verification {
  std::vector<Damage> damage;
  std::vector<ParamRecord> records;  // the rows that could be read
  std::uint64_t bytes = 0;           // of their values
  std::size_t without_checksum = 0;  // values written by another tool: only the length could be checked
  std::vector<std::string> missing;  // scopes that the store lists and whose files do not exist
  std::vector<std::string> notes;    // what suggests that the file is a copy without its newest commits; it may be none
};

/// A file as a whole: see StoreFile::facts.
struct FileFacts {
  std::string store_id;         // empty if the file does not say; so are the next two
  std::string created;          // UTC, ISO 8601
  std::string library_version;  // of the library that made it
  std::int64_t schema_version = 0;
  std::uint64_t bytes = 0;       // of the file, as this snapshot sees it
  std::uint64_t free_bytes = 0;  // of them, what erased and replaced values left behind; `compact` gives it back
};

/// What `StoreFile::read_all` found.
struct LoadedRecord {
  ParamRecord record;
  std::uint64_t checksum = 0;  // of the bytes as read; 0 if the value was skipped
};

/// One store file: the main one, or a scope's. Made by Database.
///
/// Every read checks what it reads (dtype, shape, length, checksum, name) and throws CorruptStore naming file
/// and parameter. Outside a transaction each call sees the newest commit; inside one, all see the same.
class PARAMSTORE_STORAGE_EXPORT StoreFile {
 public:
  ~StoreFile();
  StoreFile(const StoreFile&) = delete;
  StoreFile& operator=(const StoreFile&) = delete;

  /// For messages: the path, or ":memory:".
  const std::string& path() const noexcept;
  bool read_only() const noexcept;

  /// The newest commit's revision; 0 for a file without one.
  Revision revision();

  /// The commits, newest first: at most `most`, and only those older than `before` if it is given.
  std::vector<CommitRecord> commits(std::size_t most, std::optional<Revision> before = std::nullopt);

  /// Changes whenever another connection commits (and occasionally without a commit), never by this connection's own
  /// commits. Cheap.
  std::int64_t change_counter();

  std::size_t count();
  /// Without its value. nullopt if the row does not exist.
  std::optional<ParamRecord> find(std::string_view name);
  std::optional<ParamRecord> find(std::int64_t id);
  /// The largest id in use, 0 for none.
  std::int64_t last_id();
  /// All rows in insertion order, without their values.
  std::vector<ParamRecord> list();
  /// The names from `from` on in the order of their bytes, at most `most`. Reads only their part of the index, not the
  /// rows.
  std::vector<std::string> names(std::string_view from, std::size_t most);
  /// Which store this is, and how large. Reads no rows.
  FileFacts facts();
  /// Reads the value of `record`, which must come from this file in this transaction, into `destination`
  /// (value_size bytes) and returns the checksum of what was read. Copies once. Throws CorruptStore if checksum or
  /// length is wrong, Error if the row has changed since; `destination` is then unspecified.
  std::uint64_t read_value(const ParamRecord& record, void* destination);

  /// Reads records and values of the whole file in one transaction, in insertion order. `allocate` is called
  /// once per row, always on the calling thread, and returns the value's destination, or null to leave it unread. Large
  /// values are read on several threads, each with a connection of its own on the same snapshot.
  std::vector<LoadedRecord> read_all(const std::function<void*(const ParamRecord&)>& allocate);

  /// Writes a copy of this file to `target`, whole or not at all: a temporary file beside it, renamed at the end.
  /// `amend` (may be empty) changes the copy before it gets its name, in a transaction on the copy; it commits nothing
  /// itself. The copy has its own store id and lists no scopes. An existing store at `target` keeps its file; its
  /// contents are replaced in one transaction. Throws StoreBusy if it is open elsewhere, NotAStore if an existing file
  /// is not a store. After an exception `target` is what it was before, with one exception: if the copy is complete and
  /// only the disk did not confirm its name, throws StorageError with SQLITE_IOERR_DIR_FSYNC (1290), whose message says so.
  void copy_to(const std::filesystem::path& target, const std::function<void(class WriteTransaction&)>& amend,
               const Progress& progress = {});

  /// Reads the whole file and reports everything that is wrong in it (every other call stops at the first error): the
  /// structure, by SQLite's own integrity check; each row; each value, by its checksum; and damage in the log, at which
  /// SQLite silently ends it. Sees one commit. Reads the file twice.
  Verification verify(const Progress& progress = {});

  /// Rewrites the file without the space that erased and replaced values left behind (SQLite's VACUUM). Others may read
  /// meanwhile; writers wait. Needs as much space again, in SQLite's temporary folder and in the -wal. Returns false if
  /// the file will shrink only later, because someone still reads the old snapshot. Throws CorruptStore, before
  /// anything is changed, if the file's structure is damaged.
  bool compact(const Progress& progress = {});

  /// The URI that opens this file in the same way on a separate connection. Empty for a file in memory.
  std::string uri() const;

 private:
  friend class Database;
  friend class Connection;
  friend class ReadTransaction;
  friend class Savepoint;
  friend class WriteTransaction;
  friend struct Internals;
  struct Impl;
  explicit StoreFile(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

/// One snapshot for several reads. Reads nothing itself. Does nothing inside a WriteTransaction on the same file.
class PARAMSTORE_STORAGE_EXPORT ReadTransaction {
 public:
  explicit ReadTransaction(StoreFile& file);
  ~ReadTransaction();
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  StoreFile& file_;
  bool owns_ = false;
};

/// The only way to change a file. The constructor waits for the file's write lock (StoreBusy after the busy timeout)
/// and takes the next revision (Error if the message is not UTF-8); `commit` makes all changes visible at once; the
/// destructor rolls back what was not committed. At most one per Database. If a member throws, its change may be half
/// made, and all members throw until the transaction, or an earlier Savepoint, is destroyed, which undoes it.
///
/// `expected` is the revision that the row had when it was read, and guards against another connection's change: the
/// change is made only if the row still has that revision, or in any case with nullopt. Returns false, changing
/// nothing, if the row has another revision or no longer exists.
class PARAMSTORE_STORAGE_EXPORT WriteTransaction {
 public:
  explicit WriteTransaction(StoreFile& file, const CommitInfo& info = {});
  ~WriteTransaction();
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;

  StoreFile& file() noexcept { return file_; }
  /// The revision that every row changed here gets.
  Revision revision() const noexcept { return revision_; }

  /// Sets the commit's step and message to those in `info`; what `info` leaves out stays as it is.
  void annotate(const CommitInfo& info);

  /// Adds a row at the end; `record.id` and `record.revision` are ignored, `record.checksum` is stored. Returns the id.
  /// Throws InvalidName, and StorageError if the name is taken.
  std::int64_t insert(const ParamRecord& record, ValueBytes value);
  /// The same, but returns nothing if the name is taken: then nothing was changed, and the transaction goes on. It also
  /// goes on if inserting a value of at most `small_insert` bytes throws anything but CorruptStore.
  std::optional<std::int64_t> try_insert(const ParamRecord& record, ValueBytes value);
  static constexpr std::size_t small_insert = 64 * 1024;

  /// Overwrites a value with one of the same size, in place. Throws Error if the size differs.
  bool update_value(std::int64_t id, std::optional<Revision> expected, ValueBytes value, std::uint64_t checksum);

  /// Overwrites everything but the id with `record` and `value`, of any size.
  bool replace(std::int64_t id, std::optional<Revision> expected, const ParamRecord& record, ValueBytes value);

  /// Renames the row; it keeps its place. Throws InvalidName, and StorageError if the name is taken.
  bool rename(std::int64_t id, std::optional<Revision> expected, std::string_view name);

  bool erase(std::int64_t id, std::optional<Revision> expected);
  /// Removes every parameter, including other connections'.
  void clear();

  /// Returns `revision()`. After an exception nothing of the transaction is visible. If the disk failed in the middle
  /// of this call and the machine or the process then dies, the commit may still be there, but never a part of it.
  Revision commit();

 private:
  friend class Savepoint;
  friend struct Internals;
  template <class Change>
  auto change(Change&& change);
  std::optional<std::int64_t> insert_row(const ParamRecord& record, ValueBytes value);
  void erase_chunks(std::int64_t id);

  StoreFile& file_;
  Revision revision_ = 0;
  bool finished_ = false;  // committed, or rolled back by SQLite after an error
  bool broken_ = false;    // a change may be half made
  int savepoints_ = 0;     // that are open
};

class PARAMSTORE_STORAGE_EXPORT Database {
 public:
  /// Opens the store at `path`, or creates one. Throws NotAStore, SchemaTooNew, CorruptStore, StoreBusy, or
  /// StorageError with what is wrong with the path.
  explicit Database(const std::filesystem::path& path, const OpenOptions& options = {});
  /// A store in memory, gone with this object.
  static Database in_memory(const OpenOptions& options = {});
  ~Database();
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;

  StoreFile& main() noexcept;

  /// The scope of that name, created if it does not exist (StorageError if the store is read-only). Its file is
  /// attached under the scope's name while in use; the least recently used one is detached to make room. Returns the
  /// same StoreFile for the same name while anyone holds it.
  std::shared_ptr<StoreFile> scope(std::string_view name);
  /// A new unnamed file in memory, gone with the last handle.
  std::shared_ptr<StoreFile> anonymous_scope();
  /// Names of the existing scopes, sorted.
  std::vector<std::string> scope_names();
  /// Deletes the scope's file, and takes the scope off the store's list. False if there is neither. Throws Error while
  /// anyone holds its StoreFile, and StoreBusy while another Database, in this or another process, has it open. With
  /// `survive_power_loss`, the scope stays dropped after a power loss; if the disk does not confirm that, throws
  /// StorageError with SQLITE_IOERR_DIR_FSYNC (1290), whose message says that the scope is dropped.
  bool drop_scope(std::string_view name);

 private:
  friend class StoreFile;
  friend struct Internals;
  explicit Database(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

/// Names of the scopes whose files lie beside `store_path`, sorted, even if the store itself does not exist.
PARAMSTORE_STORAGE_EXPORT std::vector<std::string> scope_names(const std::filesystem::path& store_path);

/// Where the scope `name` of the store at `store_path` lives: "model.params.db", "fold-1" ->
/// "model.params.scopes/fold-1.params.db". The name is percent-encoded, so that it stays inside that folder.
PARAMSTORE_STORAGE_EXPORT std::filesystem::path scope_path(const std::filesystem::path& store_path,
                                                           std::string_view name);

}  // namespace paramstore::storage
