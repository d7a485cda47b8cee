#include "faults/picture.h"

#include <stdexcept>

namespace faults {

using namespace paramstore::storage;

namespace {
constexpr std::uint64_t largest_value = 100'000'000;
}

bool operator==(const Row& a, const Row& b) {
  return a.name == b.name && a.constraint_tag == b.constraint_tag && a.device == b.device && a.dtype == b.dtype &&
         a.shape == b.shape && a.value == b.value;
}

Picture picture_of(StoreFile& file) {
  std::vector<std::vector<char>> values;
  const auto records = file.read_all([&](const ParamRecord& record) -> void* {
    const std::uint64_t size = value_size(record.shape, record.dtype).value_or(largest_value);
    if (size >= largest_value) throw std::length_error("a value of " + std::to_string(size) + " bytes");
    return values.emplace_back(static_cast<std::size_t>(size) + 1).data();  // not null for an empty value
  });
  Picture picture;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const ParamRecord& record = records[i].record;
    values[i].pop_back();
    picture.push_back(
        {record.name, record.constraint_tag, record.device, record.dtype, record.shape, std::move(values[i])});
  }
  return picture;
}

}  // namespace faults
