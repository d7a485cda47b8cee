// Turns a row of `params` into a ParamRecord, trusting nothing in it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/storage/file_statements.h"
#include "paramstore/storage/param_record.h"

namespace paramstore::storage {

/// The most bytes that a constraint tag and a device may have; validate_param_name limits names.
constexpr std::int64_t max_id = std::int64_t{1} << 62;
constexpr std::size_t max_tag_bytes = 1 << 20;
constexpr std::size_t max_device_bytes = 64;

/// Throws InvalidName or Error if `record` cannot be a row with a value of that size.
void check_record(const ParamRecord& record, ValueBytes value, const std::string& path);

/// The total bytes of the values in a file's rows, added up as their records are read by one reader or by several, each
/// on its own thread.
struct BytesRead {
  std::atomic<std::uint64_t> total{0};
};

/// Reads the records of one file in one transaction. Throws CorruptStore for an invalid row, in
/// particular if its value_size exceeds what the file can hold.
class RecordReader {
 public:
  /// The references must outlive the reader.
  RecordReader(FileStatements& statements, const std::string& path) : RecordReader(statements, path, own_bytes_, 1) {}
  /// One of several readers: the first record's id is at least `first_id`.
  RecordReader(FileStatements& statements, const std::string& path, BytesRead& bytes, std::int64_t first_id)
      : statements_(statements), path_(path), bytes_(bytes), last_id_(std::max<std::int64_t>(first_id, 1) - 1) {}
  ~RecordReader() { bytes_.total.fetch_add(uncounted_); }
  RecordReader(const RecordReader&) = delete;
  RecordReader& operator=(const RecordReader&) = delete;

  /// `row` stands on a row with RECORD_COLUMNS.
  ParamRecord read(const RowStatement& row);

  /// Bytes in the value of the last record read.
  std::uint64_t value_size() const noexcept { return layout_.value_size; }

  /// Fails unless a value that was read has the checksum that its row has (`written`; nothing if another tool wrote it).
  void check_value(std::string_view name, const std::optional<std::uint64_t>& written, std::uint64_t found) const;

  /// "<path>: the parameter 'name': <what>"
  [[noreturn]] void fail(std::string_view name, const std::string& what) const;

 private:
  void read_tag(const RowStatement& row, ParamRecord& record);
  void read_layout(const RowStatement& row, ParamRecord& record);
  void read_device(const RowStatement& row, ParamRecord& record);
  std::uint64_t chunked_size(std::int64_t id);
  void count_bytes(std::string_view name, std::uint64_t size);

  FileStatements& statements_;
  const std::string& path_;
  BytesRead own_bytes_;
  BytesRead& bytes_;
  std::uint64_t uncounted_ = 0;  // not in bytes_ yet
  std::int64_t last_id_;
  std::optional<std::uint64_t> file_size_;

  // The previous row's texts. Most rows repeat them, and need not be checked again.
  struct Layout {
    std::string dtype_text;
    std::string shape_text;
    Dtype dtype = Dtype::float32;
    std::vector<std::int64_t> shape;
    std::uint64_t value_size = 0;
  };
  std::string tag_;
  std::string device_;
  Layout layout_;
};

/// Bytes of the file as this transaction sees it.
std::uint64_t file_size(FileStatements& statements);

/// The fewest bytes of the file that a row takes, including its index entry.
constexpr std::uint64_t least_row_size = 16;

}  // namespace paramstore::storage
