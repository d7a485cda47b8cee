#include "lib/storage/reading.h"

#include <sqlite3.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "lib/text/sql_identifier.h"
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

// While it lives, the file is memory-mapped, which saves a copy into SQLite's cache and the memory for it. Only for a
// while: mapped pages are not kept, which makes looking up a single row much slower.
class MappedReads {
 public:
  MappedReads(sqlite3* handle, const std::string& alias)
      : handle_(handle), alias_(alias), end_("PRAGMA " + sql_identifier(alias) + ".mmap_size = 0") {
    const std::string begin = "PRAGMA " + sql_identifier(alias) + ".mmap_size = 2147418112";  // the most possible
    // If this fails, reading continues without a map.
    sqlite3_exec(handle_, begin.c_str(), nullptr, nullptr, nullptr);
  }
  ~MappedReads() {
    if (sqlite3_exec(handle_, end_.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return;
    sqlite3_int64 nothing = 0;  // out of memory: this needs none
    sqlite3_file_control(handle_, alias_.c_str(), SQLITE_FCNTL_MMAP_SIZE, &nothing);
  }
  MappedReads(const MappedReads&) = delete;
  MappedReads& operator=(const MappedReads&) = delete;

 private:
  sqlite3* handle_;
  const std::string& alias_;
  const std::string end_;  // the statement, made while there is memory
};

constexpr auto smaller = [](const auto& a, const auto& b) { return a.size < b.size; };

}  // namespace

Reading::Reading(std::vector<IdRange> ranges, std::uint64_t rows, const PartReceiver& receive, bool locked)
    : ranges_(std::move(ranges)),
      rows_a_part_(rows / ranges_.size()),
      receive_(receive),
      locked_(locked),
      checksums_(ranges_.size()),
      parts_left_(ranges_.size()) {}

void Reading::work(const ValuePlace& place) noexcept {
  try {
    std::optional<MappedReads> mapped;
    if (locked_) mapped.emplace(place.handle, place.alias);
    while (const auto part = next_part()) read_part(*part, place);
    while (auto value = next_large()) read_large(*std::move(value), place);
  } catch (...) {
    fail(std::current_exception());
  }
}

std::vector<std::uint64_t> Reading::finish() {
  if (error_) std::rethrow_exception(error_);
  for (const LargeValue& value : read_) checksums_[value.part][value.index] = value.checksum;
  std::vector<std::uint64_t> all;
  for (const auto& part : checksums_) all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::optional<std::size_t> Reading::next_part() {
  const std::lock_guard lock(mutex_);
  if (error_ || next_part_ == ranges_.size()) return std::nullopt;
  return next_part_++;
}

void Reading::read_part(std::size_t part, const ValuePlace& place) {
  std::vector<std::uint64_t>& checksums = checksums_[part];
  checksums.reserve(std::min<std::size_t>(rows_a_part_, 4096));  // rows_a_part_ is only an upper bound
  std::vector<LargeValue> large;
  RecordReader reader(place.statements, place.path, bytes_, ranges_[part].first);
  {
    const StatementUse row(place.statements[StatementId::load]);
    row->bind(1, ranges_[part].first).bind(2, ranges_[part].last);
    while (row->step()) {
      ParamRecord record = reader.read(*row);
      const std::int64_t id = record.id;
      const std::optional<std::uint64_t> expected = record.checksum;
      const std::uint64_t size = reader.value_size();
      void* const destination = receive_(std::move(record), part);
      checksums.push_back(0);
      if (destination == nullptr) continue;
      const std::string_view name = row->utf8_text(1);
      const ValueBytes value = row->blob(9);
      if (value.size != size) {
        large.push_back({part, checksums.size() - 1, id, std::string(name), destination, size, expected});
        continue;
      }
      checksums.back() = copy_value(value, destination);
      reader.check_value(name, expected, checksums.back());
    }
  }
  part_done(std::move(large));
}

void Reading::part_done(std::vector<LargeValue> large) {
  const std::lock_guard lock(mutex_);
  for (LargeValue& value : large) {
    large_.push_back(std::move(value));
    std::push_heap(large_.begin(), large_.end(), smaller);
  }
  --parts_left_;
  changed_.notify_all();
}

std::optional<Reading::LargeValue> Reading::next_large() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return error_ || parts_left_ == 0 || !large_.empty(); });
  if (error_ || large_.empty()) return std::nullopt;
  std::pop_heap(large_.begin(), large_.end(), smaller);
  std::optional<LargeValue> largest(std::move(large_.back()));
  large_.pop_back();
  return largest;
}

void Reading::read_large(LargeValue value, const ValuePlace& place) {
  bool chunked = false;
  {
    const StatementUse state(place.statements[StatementId::state]);
    state->bind(1, value.id);
    chunked = state->step() && state->integer(1) == 0;
  }
  value.checksum = (chunked ? read_chunked : read_whole)(place, value.id, value.destination, value.size);
  RecordReader(place.statements, place.path).check_value(value.name, value.expected, value.checksum);
  const std::lock_guard lock(mutex_);
  read_.push_back(std::move(value));
}

void Reading::fail(std::exception_ptr error) noexcept {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
  changed_.notify_all();
}

}  // namespace paramstore::storage
