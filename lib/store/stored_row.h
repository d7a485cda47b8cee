// A parameter as its row has it: record, bytes and checksum, which always go together.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/store/leaf.h"
#include "paramstore/storage/param_record.h"

namespace paramstore {

/// What a tensor holds, and the checksum of that.
struct HashedValue {
  /// Hashes the contents. The tensor must outlive this and stay as it is.
  explicit HashedValue(const at::Tensor& tensor);
  /// Whoever has hashed them already says what came out.
  HashedValue(const at::Tensor& tensor, std::uint64_t known_checksum) : contents(tensor), checksum(known_checksum) {}

  HostValue contents;
  std::uint64_t checksum;
};

class StoredRow {
 public:
  /// The row of the parameter `name` with that tag and value; `leaf` is what `value` was made from. Id and revision are
  /// still to come. `path` is for messages. Throws UnsupportedTensor as `describe` does.
  StoredRow(std::string_view name, std::string constraint_tag, const at::Tensor& leaf, HashedValue value,
            const std::string& path);

  const storage::ParamRecord& record() const noexcept { return record_; }
  storage::ValueBytes bytes() const { return contents_.bytes(); }

  /// Gives the record away, as the file has it once the row is written under that id and revision.
  storage::ParamRecord take_record(std::int64_t id, Revision revision);

 private:
  storage::ParamRecord record_;
  HostValue contents_;
};

/// The row of a parameter whose value is what `leaf` holds now.
StoredRow row_of(std::string_view name, std::string constraint_tag, const at::Tensor& leaf, const std::string& path);

}  // namespace paramstore
