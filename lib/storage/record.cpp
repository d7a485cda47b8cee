#include "record.h"

#include "paramstore/error.h"
#include "paramstore/param_name.h"
#include "utf8.h"

namespace paramstore::storage {
namespace {

// Below this no length is worth doubting: reading it costs less than asking for the file's size.
constexpr std::uint64_t harmless_size = 65536;

bool is_printable_ascii(std::string_view text) {
  for (const char c : text) {
    if (c < ' ' || c > '~') return false;
  }
  return true;
}

}  // namespace

void check_record(const ParamRecord& record, ValueBytes value, const std::string& path) {
  validate_param_name(record.name);
  const std::string start = path + ": the parameter " + in_quotes(record.name) + ": ";
  const auto size = value_size(record.shape, record.dtype);
  if (record.shape.size() > 64)
    throw Error(start + "has " + std::to_string(record.shape.size()) + " dimensions; at most 64 are kept");
  if (!size) throw Error(start + "the shape " + shape_to_json(record.shape) + " has a negative or too large size");
  if (*size != value.size) {
    throw Error(start + "shape " + shape_to_json(record.shape) + " and dtype " + std::string(dtype_name(record.dtype)) +
                " make " + std::to_string(*size) + " bytes, the value has " + std::to_string(value.size));
  }
  const std::string& tag = record.constraint_tag;
  if (tag.empty() || tag.size() > max_tag_bytes || tag.find('\0') != std::string::npos || first_invalid_utf8(tag)) {
    throw Error(start + "a constraint tag is 1 to 65536 bytes of UTF-8 without NUL, not " + in_quotes(tag));
  }
  if (record.device.empty() || record.device.size() > max_device_bytes || !is_printable_ascii(record.device)) {
    throw Error(start + "a device is 1 to 64 characters of printable ASCII, not " + in_quotes(record.device));
  }
}

void RecordReader::fail(std::string_view name, const std::string& what) const {
  throw CorruptStore(path_ + ": the parameter " + in_quotes(name) + ": " + what);
}

ParamRecord RecordReader::read(const Statement& row) {
  ParamRecord record;
  record.id = row.integer(0);
  const std::string_view name = row.text(1);
  // In a sound tree ids ascend; one whose pages lead back to each other would never end.
  if (record.id <= last_id_) fail(name, "its row is out of order: the file is damaged");
  last_id_ = record.id;
  try {
    validate_param_name(name);
  } catch (const InvalidName& error) {
    throw CorruptStore(path_ + ": the row " + std::to_string(record.id) + ": " + error.what());
  }
  record.name = name;

  const std::string_view tag = row.text(2);
  if (tag.empty() || tag.size() > max_tag_bytes || tag.find('\0') != std::string_view::npos ||
      first_invalid_utf8(tag)) {
    fail(name, "its constraint tag is no text of 1 to 65536 bytes");
  }
  record.constraint_tag = tag;

  const auto dtype = parse_dtype(row.text(3));
  if (!dtype) fail(name, "its dtype " + in_quotes(row.text(3)) + " is none that is known");
  record.dtype = *dtype;

  auto shape = parse_shape(row.text(4));
  if (!shape) fail(name, "its shape " + in_quotes(row.text(4)) + " is not a JSON array of sizes");
  record.shape = std::move(*shape);

  const std::string_view device = row.text(5);
  if (device.empty() || device.size() > max_device_bytes || !is_printable_ascii(device))
    fail(name, "its device is no device");
  record.device = device;

  record.revision = row.integer(6);
  if (!row.is_null(7)) record.checksum = static_cast<std::uint64_t>(row.integer(7));

  const auto expected = value_size(record.shape, record.dtype);
  if (!expected) fail(name, "its shape " + shape_to_json(record.shape) + " is too large for any value");
  auto stored = static_cast<std::uint64_t>(row.integer(8));
  if (stored == 0 && *expected > 0) stored = chunked_size(record.id);
  if (stored != *expected) {
    fail(name, "its value has " + std::to_string(stored) + " bytes; shape " + shape_to_json(record.shape) +
                   " and dtype " + std::string(dtype_name(record.dtype)) + " make " + std::to_string(*expected));
  }
  count_bytes(name, stored);
  return record;
}

std::uint64_t RecordReader::chunked_size(std::int64_t id) {
  StatementUse chunks(statements_[Query::chunks]);
  chunks->bind(1, id);
  std::uint64_t sum = 0;
  // A sequence with a gap is left to the value's reader to refuse; here it ends, which makes the sum too small.
  for (std::int64_t sequence = 0; chunks->step() && chunks->integer(1) == sequence; ++sequence) {
    sum += static_cast<std::uint64_t>(chunks->integer(2));
  }
  return sum;
}

void RecordReader::count_bytes(std::string_view name, std::uint64_t size) {
  total_ += size;
  if (total_ <= harmless_size) return;
  if (!file_size_) file_size_ = storage::file_size(statements_);
  // Several rows whose pages are the same ones are no more believable than a single one that is too long.
  if (total_ > *file_size_) fail(name, "its value is larger than what the file has room for: the file is damaged");
}

std::uint64_t file_size(FileStatements& statements) {
  StatementUse count(statements[Query::page_count]);
  StatementUse size(statements[Query::page_size]);
  if (!count->step() || !size->step()) return 0;
  return static_cast<std::uint64_t>(count->integer(0)) * static_cast<std::uint64_t>(size->integer(0));
}

}  // namespace paramstore::storage
