// Overwriting the values of many rows, a few at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "lib/storage/store_internals.h"
#include "paramstore/storage/export.h"

namespace paramstore::storage {

/// Buffers values for update_values. One statement per small row is slow, and a buffer of all rows
/// would leave the processor's cache between hashing a value and writing it. Adds and removes no row.
class PARAMSTORE_STORAGE_EXPORT ValueWriter {
 public:
  explicit ValueWriter(WriteTransaction& transaction) : transaction_(transaction) {}

  /// Overwrites the value of row `id`, as `update_value` does, now or later. The bytes must not change until `finish`
  /// returns. `owner`, if given, is kept until they are written. Returns the value's number: 0, 1, 2, ...
  std::size_t write(std::int64_t id, std::optional<Revision> expected, ValueBytes value, std::uint64_t checksum,
                    std::shared_ptr<const void> owner = nullptr);

  /// Writes the rest. Returns, in ascending order, the numbers of the values that were not written because their rows
  /// have changed.
  std::vector<std::size_t> finish();

 private:
  void flush();

  WriteTransaction& transaction_;
  std::vector<ValueUpdate> waiting_;
  std::vector<std::shared_ptr<const void>> owners_;
  std::size_t waiting_bytes_ = 0;
  std::size_t flushed_ = 0;  // values before the waiting ones
  std::vector<std::size_t> not_written_;
};

}  // namespace paramstore::storage
