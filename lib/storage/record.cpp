#include "lib/storage/record.h"

#include <utility>

#include "lib/storage/checksum.h"
#include "lib/text/utf8.h"
#include "paramstore/error.h"
#include "paramstore/param_name.h"

namespace paramstore::storage {
namespace {

// A smaller value is not checked against the file's size: reading it costs less than asking for that size.
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
  // Made only for an error: it takes as long as all the checks.
  const auto start = [&] { return path + ": the parameter " + in_quotes(record.name) + ": "; };
  const auto size = value_size(record.shape, record.dtype);
  if (record.shape.size() > 64)
    throw Error(start() + "has " + std::to_string(record.shape.size()) + " dimensions; at most 64 are kept");
  if (!size) throw Error(start() + "the shape " + shape_to_json(record.shape) + " has a negative or too large size");
  if (*size != value.size) {
    throw Error(start() + "shape " + shape_to_json(record.shape) + " and dtype " +
                std::string(dtype_name(record.dtype)) + " make " + std::to_string(*size) + " bytes, the value has " +
                std::to_string(value.size));
  }
  const std::string& tag = record.constraint_tag;
  if (tag.empty() || tag.size() > max_tag_bytes || tag.find('\0') != std::string::npos || first_invalid_utf8(tag)) {
    throw Error(start() + "a constraint tag is 1 to 1048576 bytes of UTF-8 without NUL, not " + in_quotes(tag));
  }
  if (record.device.empty() || record.device.size() > max_device_bytes || !is_printable_ascii(record.device)) {
    throw Error(start() + "a device is 1 to 64 characters of printable ASCII, not " + in_quotes(record.device));
  }
}

void RecordReader::fail(std::string_view name, const std::string& what) const {
  throw CorruptStore(path_ + ": the parameter " + in_quotes(name) + ": " + what);
}

void RecordReader::check_value(std::string_view name, const std::optional<std::uint64_t>& written,
                               std::uint64_t found) const {
  if (written && *written != found)
    fail(name, "its value does not have the checksum it was written with: the file is damaged");
}

ParamRecord RecordReader::read(const RowStatement& row) {
  ParamRecord record;
  record.id = row.integer(0);
  const std::string_view name = row.utf8_text(1);
  // In a sound tree ids ascend; a tree whose pages form a cycle would never end.
  if (record.id <= last_id_) fail(name, "its row is out of order: the file is damaged");
  last_id_ = record.id;
  try {
    validate_param_name(name);
  } catch (const InvalidName& error) {
    throw CorruptStore(path_ + ": the row " + std::to_string(record.id) + ": " + error.what());
  }
  record.name = name;
  read_tag(row, record);
  read_layout(row, record);
  read_device(row, record);
  record.revision = row.integer(6);
  record.checksum = value_checksum_of({row.optional_integer(7)});

  auto stored = static_cast<std::uint64_t>(row.integer(8));
  if (stored == 0 && layout_.value_size > 0) stored = chunked_size(record.id);
  if (stored != layout_.value_size) {
    fail(name, "its value has " + std::to_string(stored) + " bytes; shape " + shape_to_json(record.shape) +
                   " and dtype " + std::string(dtype_name(record.dtype)) + " make " +
                   std::to_string(layout_.value_size));
  }
  count_bytes(name, stored);
  return record;
}

void RecordReader::read_tag(const RowStatement& row, ParamRecord& record) {
  const std::string_view tag = row.utf8_text(2);
  if (tag.empty() || tag != tag_) {
    if (tag.empty() || tag.size() > max_tag_bytes || tag.find('\0') != std::string_view::npos ||
        first_invalid_utf8(tag)) {
      fail(record.name, "its constraint tag is not text of 1 to 1048576 bytes");
    }
    tag_ = tag;
  }
  record.constraint_tag = tag_;
}

void RecordReader::read_layout(const RowStatement& row, ParamRecord& record) {
  const std::string_view dtype_text = row.utf8_text(3);
  const std::string_view shape_text = row.utf8_text(4);
  if (shape_text.empty() || dtype_text != layout_.dtype_text || shape_text != layout_.shape_text) {
    const auto dtype = parse_dtype(dtype_text);
    if (!dtype) fail(record.name, "its dtype " + in_quotes(dtype_text) + " is unknown");
    auto shape = parse_shape(shape_text);
    if (!shape) fail(record.name, "its shape " + in_quotes(shape_text) + " is not a JSON array of sizes");
    const auto size = storage::value_size(*shape, *dtype);
    if (!size) fail(record.name, "its shape " + shape_to_json(*shape) + " is too large for any value");
    layout_ = {std::string(dtype_text), std::string(shape_text), *dtype, std::move(*shape), *size};
  }
  record.dtype = layout_.dtype;
  record.shape = layout_.shape;
}

void RecordReader::read_device(const RowStatement& row, ParamRecord& record) {
  const std::string_view device = row.utf8_text(5);
  if (device.empty() || device != device_) {
    if (device.empty() || device.size() > max_device_bytes || !is_printable_ascii(device))
      fail(record.name, "its device is not 1 to 64 characters of printable ASCII");
    device_ = device;
  }
  record.device = device_;
}

std::uint64_t RecordReader::chunked_size(std::int64_t id) {
  StatementUse chunks(statements_[StatementId::chunks]);
  chunks->bind(1, id);
  std::uint64_t sum = 0;
  // The value's reader refuses a sequence with a gap; here the loop ends at it, which makes the sum too small.
  for (std::int64_t sequence = 0; chunks->step() && chunks->integer(1) == sequence; ++sequence) {
    if (chunks->integer(2) < 0) break;  // not a blob
    sum += static_cast<std::uint64_t>(chunks->integer(2));
  }
  return sum;
}

void RecordReader::count_bytes(std::string_view name, std::uint64_t size) {
  // In batches: on every row, threads would contend for the counter's cache line.
  uncounted_ += size;
  if (uncounted_ <= harmless_size) return;
  const std::uint64_t total = bytes_.total.fetch_add(uncounted_) + uncounted_;
  uncounted_ = 0;
  if (!file_size_) file_size_ = storage::file_size(statements_);
  // Several rows that share the same pages are as much a sign of damage as one that is too long.
  if (total > *file_size_) fail(name, "its value is larger than the file can hold: the file is damaged");
}

std::uint64_t file_size(FileStatements& statements) {
  StatementUse count(statements[StatementId::page_count]);
  StatementUse size(statements[StatementId::page_size]);
  if (!count->step() || !size->step()) return 0;
  return static_cast<std::uint64_t>(count->integer(0)) * static_cast<std::uint64_t>(size->integer(0));
}

}  // namespace paramstore::storage
