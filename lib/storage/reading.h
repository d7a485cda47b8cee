// What the threads that load a file share: the parts still to be read, the large values found, the first error.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "lib/storage/record.h"
#include "lib/storage/store_internals.h"
#include "lib/storage/value_io.h"

namespace paramstore::storage {

struct IdRange {
  std::int64_t first;
  std::int64_t last;  // included
};

class Reading {
 public:
  /// `ranges` ascend, and have that many rows together. `receive` must outlive this object. `locked`: nobody can
  /// truncate the file while it is read, so it may be memory-mapped.
  Reading(std::vector<IdRange> ranges, std::uint64_t rows, const PartReceiver& receive, bool locked);

  /// Reads on the calling thread, at `place`, until nothing is left. An error is kept for `finish`, and stops all
  /// threads.
  void work(const ValuePlace& place) noexcept;

  /// After all threads are done: the checksum of each value, in order, or the first exception.
  std::vector<std::uint64_t> finish();

 private:
  struct LargeValue {
    std::size_t part;
    std::size_t index;  // in the part
    std::int64_t id;
    std::string name;
    void* destination;
    std::uint64_t size;
    std::optional<std::uint64_t> expected;  // the row's checksum
    std::uint64_t checksum = 0;             // of what was read
  };

  std::optional<std::size_t> next_part();
  void read_part(std::size_t part, const ValuePlace& place);
  void part_done(std::vector<LargeValue> large);
  std::optional<LargeValue> next_large();
  void read_large(LargeValue value, const ValuePlace& place);
  void fail(std::exception_ptr error) noexcept;

  std::vector<IdRange> ranges_;
  std::size_t rows_a_part_;
  const PartReceiver& receive_;
  const bool locked_;
  std::vector<std::vector<std::uint64_t>> checksums_;  // of each part; only its reader's until `finish`
  BytesRead bytes_;

  std::mutex mutex_;  // for all below
  std::condition_variable changed_;
  std::size_t next_part_ = 0;
  std::size_t parts_left_;
  std::vector<LargeValue> large_;  // a heap by size
  std::vector<LargeValue> read_;
  std::exception_ptr error_;
};

}  // namespace paramstore::storage
