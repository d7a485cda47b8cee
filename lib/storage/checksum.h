// A row's checksums: XXH3-64 of a value that comes in pieces, and what a row's columns hold of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "paramstore/storage/param_record.h"

struct XXH3_state_s;

namespace paramstore::storage {

/// The same number as value_checksum of the whole value.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void reset() noexcept;
  void update(const void* data, std::size_t size) noexcept;
  std::uint64_t digest() const noexcept;

 private:
  XXH3_state_s* state_;
};

/// The columns of a row that hold checksums, as SQLite stores them; nothing stands for NULL.
struct RowChecksums {
  std::optional<std::int64_t> value;
};

/// Pairs a row with its checksums. Every statement that writes a row binds what this returns: for a row that is written
/// whole, and for one that gets another value with this checksum and keeps the rest.
RowChecksums row_checksums(const ParamRecord& record) noexcept;
RowChecksums row_checksums(std::uint64_t value_checksum) noexcept;

/// The inverse: what the columns of a row that was read say of its value.
std::optional<std::uint64_t> value_checksum_of(const RowChecksums& columns) noexcept;

}  // namespace paramstore::storage
