#include "lib/store/stored_row.h"

#include <utility>

namespace paramstore {

HashedValue::HashedValue(const at::Tensor& tensor)
    : contents(tensor), checksum(storage::value_checksum(contents.bytes())) {}

StoredRow::StoredRow(std::string_view name, std::string constraint_tag, const at::Tensor& leaf, HashedValue value,
                     const std::string& path)
    : contents_(std::move(value.contents)) {
  record_.name = name;
  record_.constraint_tag = std::move(constraint_tag);
  record_.checksum = value.checksum;
  describe(leaf, record_, path);
}

storage::ParamRecord StoredRow::take_record(std::int64_t id, Revision revision) {
  record_.id = id;
  record_.revision = revision;
  return std::move(record_);
}

StoredRow row_of(std::string_view name, std::string constraint_tag, const at::Tensor& leaf, const std::string& path) {
  require_supported(leaf, name, path);
  return {name, std::move(constraint_tag), leaf, HashedValue(leaf), path};
}

}  // namespace paramstore
