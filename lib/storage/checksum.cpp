#include "lib/storage/checksum.h"

#include <xxhash.h>

#include <new>

#include "paramstore/storage/param_record.h"

namespace paramstore::storage {

Hasher::Hasher() : state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  reset();
}

Hasher::~Hasher() { XXH3_freeState(state_); }

void Hasher::reset() noexcept { XXH3_64bits_reset(state_); }

void Hasher::update(const void* data, std::size_t size) noexcept {
  if (size != 0) XXH3_64bits_update(state_, data, size);
}

std::uint64_t Hasher::digest() const noexcept { return XXH3_64bits_digest(state_); }

std::uint64_t value_checksum(ValueBytes value) noexcept { return XXH3_64bits(value.data, value.size); }

RowChecksums row_checksums(const ParamRecord& record) noexcept {
  return record.checksum ? row_checksums(*record.checksum) : RowChecksums{};
}

RowChecksums row_checksums(std::uint64_t value_checksum) noexcept {
  return {static_cast<std::int64_t>(value_checksum)};
}

std::optional<std::uint64_t> value_checksum_of(const RowChecksums& columns) noexcept {
  if (!columns.value) return std::nullopt;
  return static_cast<std::uint64_t>(*columns.value);
}

}  // namespace paramstore::storage
