// A parameter as its row stores it: record, bytes and checksum, which always go together.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/store/leaf.h"
#include "paramstore/storage/param_record.h"

namespace paramstore {

/// A tensor's contents and their checksum.
struct HashedValue {
  /// Hashes the contents. The tensor must outlive this and must not change.
  explicit HashedValue(const at::Tensor& tensor);
  /// For contents that were hashed before.
  HashedValue(const at::Tensor& tensor, std::uint64_t known_checksum) : contents(tensor), checksum(known_checksum) {}

  HostValue contents;
  std::uint64_t checksum;
};

class StoredRow {
 public:
  /// The row of the parameter `name`; `value` was made from `leaf`. It has no id and revision yet. `path` is for
  /// messages. Throws UnsupportedTensor as `describe` does.
  StoredRow(std::string_view name, std::string constraint_tag, const at::Tensor& leaf, HashedValue value,
            const std::string& path);

  const storage::ParamRecord& record() const noexcept { return record_; }
  storage::ValueBytes bytes() const { return contents_.bytes(); }

  /// Moves the record out, with this id and revision. `bytes` stays valid.
  storage::ParamRecord take_record(std::int64_t id, Revision revision);

 private:
  storage::ParamRecord record_;
  HostValue contents_;
};

/// The same with the leaf's current contents as the value.
StoredRow row_of(std::string_view name, std::string constraint_tag, const at::Tensor& leaf, const std::string& path);

}  // namespace paramstore
