// From a row of `params` to a ParamRecord, believing nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "file_statements.h"
#include "paramstore/storage/param_record.h"

namespace paramstore::storage {

/// Most bytes a constraint tag and a device may have; a name's are those of validate_param_name.
constexpr std::size_t max_tag_bytes = 65536;
constexpr std::size_t max_device_bytes = 64;

/// Throws InvalidName, or Error, where `record` cannot be a row with a value of that size.
void check_record(const ParamRecord& record, ValueBytes value, const std::string& path);

/// Reads the records of one file in one transaction. Throws CorruptStore for a row that cannot be true; in
/// particular none is returned whose value_size the file does not hold.
class RecordReader {
 public:
  RecordReader(FileStatements& statements, const std::string& path) : statements_(statements), path_(path) {}

  /// `row` stands on a row with RECORD_COLUMNS.
  ParamRecord read(const Statement& row);

  /// "<path>: the parameter 'name': <what>"
  [[noreturn]] void fail(std::string_view name, const std::string& what) const;

 private:
  std::uint64_t chunked_size(std::int64_t id);
  void count_bytes(std::string_view name, std::uint64_t size);

  FileStatements& statements_;
  const std::string& path_;
  std::int64_t last_id_ = 0;
  std::uint64_t total_ = 0;
  std::optional<std::uint64_t> file_size_;
};

/// Bytes of the file as this transaction sees it.
std::uint64_t file_size(FileStatements& statements);

}  // namespace paramstore::storage
