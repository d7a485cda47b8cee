#include "lib/storage/value_writer.h"

#include <utility>

namespace paramstore::storage {

std::size_t ValueWriter::write(std::int64_t id, std::optional<Revision> expected, ValueBytes value,
                               std::uint64_t checksum, std::shared_ptr<const void> owner) {
  constexpr std::size_t many = 256;
  constexpr std::size_t many_bytes = 256 << 10;
  const std::size_t number = flushed_ + waiting_.size();
  if (owner) owners_.push_back(std::move(owner));
  waiting_.push_back({id, expected, value, checksum});
  waiting_bytes_ += value.size;
  if (waiting_.size() >= many || waiting_bytes_ >= many_bytes) flush();
  return number;
}

void ValueWriter::flush() {
  update_values(transaction_, waiting_);
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (!waiting_[i].written) not_written_.push_back(flushed_ + i);
  }
  flushed_ += waiting_.size();
  waiting_.clear();
  owners_.clear();
  waiting_bytes_ = 0;
}

std::vector<std::size_t> ValueWriter::finish() {
  flush();
  return std::exchange(not_written_, {});
}

}  // namespace paramstore::storage
