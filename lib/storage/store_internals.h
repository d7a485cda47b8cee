// What lib/store and the tests need of storage beside its public headers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "paramstore/storage/database.h"
#include "paramstore/storage/export.h"

namespace paramstore::storage {

/// OpenOptions, and what only tests change. Not convertible to OpenOptions, which would forget that.
struct InternalOptions : private OpenOptions {
  InternalOptions() = default;
  explicit InternalOptions(const OpenOptions& options) : OpenOptions(options) {}

  using OpenOptions::busy_timeout;
  using OpenOptions::create;
  using OpenOptions::read_only;
  using OpenOptions::survive_power_loss;
  /// Values longer than this are split into rows of `chunks`. Default: SQLite's own limit less room for the rest of the
  /// row.
  std::size_t max_value_length = 999'000'000;
  /// The SQLite VFS to open files with; empty for the default.
  std::string vfs;
  /// Waits until a file, or the names in a folder, are on the disk, and throws StorageError if that fails; empty for
  /// fsync. What the VFS syncs does not pass through it.
  std::function<void(const std::filesystem::path&)> sync;
};

/// Database(path, options).
PARAMSTORE_STORAGE_EXPORT Database open_database(const std::filesystem::path& path, const InternalOptions& options);
/// Database::in_memory(options).
PARAMSTORE_STORAGE_EXPORT Database open_in_memory(const InternalOptions& options);

/// The id and the revision of a row: enough to see which rows moved on.
struct RowStamp {
  std::int64_t id;
  Revision revision;
};

/// Id and revision of all rows, in insertion order.
PARAMSTORE_STORAGE_EXPORT std::vector<RowStamp> stamps(StoreFile& file);

/// StoreFile::read_all in parts, at most `most_parts`, read by several threads if there are very many rows. `receive`
/// returns destinations; it gets the rows of one part in order on one thread, and different parts on several threads at
/// once. Returns the checksum of each value (0 if left unread), part by part.
using PartReceiver = std::function<void*(ParamRecord&& record, std::size_t part)>;
PARAMSTORE_STORAGE_EXPORT std::vector<std::uint64_t> read_parts(StoreFile& file, const PartReceiver& receive);
constexpr std::size_t most_parts = 64;

/// The URI for a separate, read-only connection. On a file in memory, such a connection blocks writers while it reads.
PARAMSTORE_STORAGE_EXPORT std::string reading_uri(const StoreFile& file);

/// A value to overwrite another with.
struct ValueUpdate {
  std::int64_t id;
  std::optional<Revision> expected;
  ValueBytes value;
  std::uint64_t checksum;
  bool written = false;
};

/// WriteTransaction::update_value for each of them; `written` gets each result. Several times faster for small values with
/// consecutive ids.
PARAMSTORE_STORAGE_EXPORT void update_values(WriteTransaction& transaction, std::vector<ValueUpdate>& updates);

}  // namespace paramstore::storage
