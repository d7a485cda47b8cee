// A store on disk, without LibTorch: rows in SQLite files.
//
//   paramstore::storage::Database database("model.params.db");
//   auto& file = database.main();
//   if (auto record = file.find("weight")) {
//     std::vector<char> bytes(*value_size(record->shape, record->dtype));
//     file.read_value(*record, bytes.data());         // checked against its checksum
//   }
//
// A Database is one SQLite connection: the main file, and the files of its scopes, attached as they are
// used. A StoreFile is one of these files. None of it locks: one thread at a time.
//
// What a stranger's file can do is bounded here: its triggers and views never run, its tables must be
// exactly those of schema/, and no length in it is believed before the bytes are there.
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

class Connection;      // lib/storage: the SQLite handle and what is attached to it
class FileStatements;  // lib/storage: one file's prepared statements
enum class Pages;      // lib/storage: what becomes of pages that were changed

struct OpenOptions {
  /// Opens without ever writing, also where folder and file may not be written. There, unless somebody has the store
  /// open for writing just then, nothing is made beside it, and it is read without locks: a call that a writer comes in
  /// the way of throws StoreBusy, and the next one sees what he committed. Default: false.
  bool read_only = false;
  /// Makes the file where there is none. Default: true. Never with `read_only`.
  bool create = true;
  /// How long to wait for another writer before StoreBusy. Default: 5 seconds.
  std::chrono::milliseconds busy_timeout{5000};
  /// Whether a commit waits for the disk (fsync), and so survives power loss. Default: true. Without, it
  /// survives the death of the process; power loss may roll back the last commits, never corrupt.
  bool survive_power_loss = true;
  /// Values longer than this are split into rows of `chunks`. Default: SQLite's own limit less room for the
  /// rest of the row. For tests; leave alone.
  std::size_t max_value_length = 999'000'000;
  /// The SQLite VFS to open files with; empty: the default one. For tests that make I/O fail.
  std::string vfs;
};

/// When and why a commit was made; goes into the `commits` table. The message must be UTF-8.
struct CommitInfo {
  std::optional<std::int64_t> step;
  std::optional<std::string> message;
};

/// A row of the `commits` table: a commit that was made.
struct CommitRecord {
  Revision revision = 0;
  std::string time;  // UTC, ISO 8601 with milliseconds, where nobody wrote something else there
  std::optional<std::int64_t> step;
  std::optional<std::string> message;
};

/// Called some ten times a second during work that may take long, with how many bytes of how many are done; the latter
/// is 0 where it is not known. What it throws stops the work, which is undone, and comes out of the call.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// One thing that is wrong in a file.
struct Damage {
  std::string name;  // of the parameter; empty where it is not one parameter's
  std::string what;
};

/// What `StoreFile::verify` found.
struct Verification {
  std::vector<Damage> damage;
  std::vector<ParamRecord> records;  // the rows that could be read
  std::uint64_t bytes = 0;           // of their values
  std::size_t without_checksum = 0;  // values that another tool wrote, of which only the length could be checked
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
  std::uint64_t checksum = 0;  // of the bytes as read; 0 where the value was skipped
};

/// The id and the revision of a row: enough to see which rows moved on.
struct RowStamp {
  std::int64_t id;
  Revision revision;
};

/// A value to overwrite another with: see WriteTransaction::update_values.
struct ValueUpdate {
  std::int64_t id;
  std::optional<Revision> expected;
  ValueBytes value;
  std::uint64_t checksum;
  bool written = false;
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

  /// The commits, newest first: at most `most`, and where `before` is given only older ones.
  std::vector<CommitRecord> commits(std::size_t most, std::optional<Revision> before = std::nullopt);

  /// A number that differs from an earlier one's if another connection has committed in between (and now and then
  /// without). The connection's own commits leave it as it is. Costs about a microsecond.
  std::int64_t change_counter();

  std::size_t count();
  /// Without its value. Nothing where there is no such row.
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
  /// Id and revision of all rows, in insertion order.
  std::vector<RowStamp> stamps();

  /// Reads the value of `record`, which must come from this file in this transaction, into `destination`
  /// (value_size bytes) and returns the checksum of what was read. Copies once. Throws CorruptStore where checksum or
  /// length fail, Error where the row has changed since; `destination` then holds anything.
  std::uint64_t read_value(const ParamRecord& record, void* destination);

  /// Reads records and values of the whole file in one transaction, in insertion order. `allocate` is called
  /// once a row, always on the calling thread, and gives the value's destination, or null to leave it unread.
  /// Large values are read on several threads, each with a connection of its own on the same snapshot.
  std::vector<LoadedRecord> read_all(const std::function<void*(const ParamRecord&)>& allocate);

  /// The same in parts, 64 at most, which several threads read where there are very many rows. `receive` gets the rows of
  /// one part in order, in one thread, and those of different parts in several threads at once, and gives destinations.
  /// Returns the checksum of each value (0 where it was left unread), those of part 0 first, then those of part 1, and so
  /// on.
  using PartReceiver = std::function<void*(ParamRecord&& record, std::size_t part)>;
  std::vector<std::uint64_t> read_parts(const PartReceiver& receive);
  static constexpr std::size_t most_parts = 64;

  /// Writes a copy of this file to `target`, whole or not at all: a temporary file beside it, renamed at the end.
  /// `amend` (may be empty) changes the copy before it gets its name, in a transaction on the copy; it commits nothing
  /// itself. The copy has a store id of its own and lists no scopes. An existing store at `target` keeps its file,
  /// whose contents are replaced in one transaction; where somebody has it open, StoreBusy. An existing file that is
  /// not a store is refused with NotAStore.
  void copy_to(const std::filesystem::path& target, const std::function<void(class WriteTransaction&)>& amend,
               const Progress& progress = {});

  /// Reads the whole file and says what is wrong in it, where every other call stops at the first: the structure, by
  /// SQLite's own integrity check; each row; each value, by its checksum. Sees one commit. The file is read twice.
  Verification verify(const Progress& progress = {});

  /// Writes the file anew without the room that erased and replaced values left behind (SQLite's VACUUM), while others may
  /// read it; they wait with writing. Needs as much room again, in the folder of SQLite's temporary files and in the
  /// -wal. False where the file will shrink only later, as somebody still reads what it was. Throws CorruptStore, before
  /// anything is changed, where the file's structure is damaged.
  bool compact(const Progress& progress = {});

  /// The URI with which SQLite opens this file as it is opened here, for a connection of one's own. Empty for a file in
  /// memory.
  std::string uri() const;

  /// The URI for a connection of one's own that only reads. One to a file in memory keeps writers waiting while it reads.
  std::string reading_uri() const;

 private:
  friend class Database;
  friend class Connection;
  friend class ReadTransaction;
  friend class Savepoint;
  friend class WriteTransaction;
  struct Impl;
  explicit StoreFile(std::unique_ptr<Impl> impl);
  FileStatements& statements();
  std::vector<std::uint64_t> read_parts(const PartReceiver& receive, std::size_t parts_wanted);

  std::unique_ptr<Impl> impl_;
};

/// One snapshot for several reads. Reads nothing itself. Nests inside a WriteTransaction on the same file,
/// where it does nothing.
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

/// The one way to change a file. The constructor waits for the file's write lock (StoreBusy after the busy timeout) and
/// takes the next revision (Error for a message that is not UTF-8); `commit` makes all changes visible at once; the
/// destructor rolls back what was not committed. One at a time a Database. After an exception from a member its change
/// may be half made: the others then throw too, until the transaction is destroyed, which rolls it back, or a Savepoint
/// made before, which undoes it.
///
/// `expected` guards a change against another connection's: the revision the row had when it was read. The
/// change is made only if the row still has it; with nullopt, whatever it has. False: the row has moved on or
/// is gone, and nothing changed.
class PARAMSTORE_STORAGE_EXPORT WriteTransaction {
 public:
  explicit WriteTransaction(StoreFile& file, const CommitInfo& info = {});
  ~WriteTransaction();
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;

  StoreFile& file() noexcept { return file_; }
  /// The revision that every row changed here gets.
  Revision revision() const noexcept { return revision_; }

  /// Gives the commit the step and the message that `info` has; what it has not stays as it is.
  void annotate(const CommitInfo& info);

  /// Adds a row at the end; `record.id` and `record.revision` are ignored, `record.checksum` is stored. Returns the id.
  /// Throws InvalidName, and StorageError where the name is taken.
  std::int64_t insert(const ParamRecord& record, ValueBytes value);

  /// Overwrites a value with one of the same size, in place. Error where the size differs.
  bool update_value(std::int64_t id, std::optional<Revision> expected, ValueBytes value, std::uint64_t checksum);
  /// The same for each of them, and says in `written` what it returned. Several times as fast where ids follow one
  /// another and the values are small.
  void update_values(std::vector<ValueUpdate>& updates);

  /// Overwrites everything but the id with `record` and `value`, of any size.
  bool replace(std::int64_t id, std::optional<Revision> expected, const ParamRecord& record, ValueBytes value);

  /// Gives the row another name; it keeps its place. Throws InvalidName, and StorageError where the name is taken.
  bool rename(std::int64_t id, std::optional<Revision> expected, std::string_view name);

  bool erase(std::int64_t id, std::optional<Revision> expected);
  /// Removes every parameter, whoever wrote it.
  void clear();

  /// Returns `revision()`. After an exception nothing of the transaction is visible. If the disk failed in
  /// the middle of this call and the machine or the process then dies, the commit may yet be there; never a
  /// part of it.
  Revision commit();

 private:
  friend class Savepoint;
  template <class Change>
  auto change(Change&& change);
  bool overwrite(const ValueUpdate& update, Pages pages);
  void write_run(ValueUpdate* first, std::size_t count);
  void erase_chunks(std::int64_t id);

  StoreFile& file_;
  Revision revision_ = 0;
  bool finished_ = false;  // committed, or rolled back by SQLite after an error
  bool broken_ = false;    // a change may be half made
  int savepoints_ = 0;     // that are open
};

class PARAMSTORE_STORAGE_EXPORT Database {
 public:
  /// Opens the store at `path`, or makes one. Throws NotAStore, SchemaTooNew, CorruptStore, StoreBusy, or StorageError
  /// with what is wrong with the path.
  explicit Database(const std::filesystem::path& path, const OpenOptions& options = {});
  /// A store in memory, gone with this object.
  static Database in_memory(const OpenOptions& options = {});
  ~Database();
  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;

  StoreFile& main() noexcept;

  /// The scope of that name, made where there is none (in a store opened read-only: StorageError). Its file is attached
  /// under the scope's name while in use; the least recently used one makes room. The same StoreFile for the same name,
  /// as long as somebody holds it.
  std::shared_ptr<StoreFile> scope(std::string_view name);
  /// A new file without a name, in memory, gone with the last handle.
  std::shared_ptr<StoreFile> anonymous_scope();
  /// Names of the scopes there are, sorted.
  std::vector<std::string> scope_names();
  /// Deletes the scope's file. False where there is none of that name. Throws Error while somebody holds its StoreFile,
  /// and StoreBusy while another Database, here or in another process, has it open.
  bool drop_scope(std::string_view name);

 private:
  friend class StoreFile;
  explicit Database(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

/// Names of the scopes whose files lie beside `store_path`, sorted, whether a store is there or not.
PARAMSTORE_STORAGE_EXPORT std::vector<std::string> scope_names(const std::filesystem::path& store_path);

/// Where the scope `name` of the store at `store_path` lives: "model.params.db", "fold-1" ->
/// "model.params.scopes/fold-1.params.db". The name is percent-encoded, so that it stays inside that folder.
PARAMSTORE_STORAGE_EXPORT std::filesystem::path scope_path(const std::filesystem::path& store_path,
                                                           std::string_view name);

}  // namespace paramstore::storage
