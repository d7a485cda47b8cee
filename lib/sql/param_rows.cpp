#include "lib/sql/param_rows.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "lib/text/sql_identifier.h"
#include "lib/text/utf8.h"
#include "paramstore/error.h"

namespace paramstore::sql {
namespace {

// A value this short comes with its row: opening a blob costs more than copying it.
constexpr const char* short_value = "CASE WHEN length(value) <= 65536 THEN value END";

std::string query_of(const std::string& schema, bool by_name, bool small_values) {
  return std::string("SELECT id, name, constraint_tag, dtype, shape, revision, length(value), ") +
         (small_values ? short_value : "NULL") + " FROM " + sql_identifier(schema) + ".params" +
         (by_name ? " WHERE name = ?1" : "") + " ORDER BY id";
}

}  // namespace

ParamRows::ParamRows(sqlite3* db, std::string schema, sqlite3_value* name, bool small_values)
    : db_(db), schema_(std::move(schema)), query_(db, query_of(schema_, name != nullptr, small_values)) {
  if (name != nullptr) query_.bind(1, name);
}

bool ParamRows::next() {
  parsed_ = value_found_ = false;
  small_value_.reset();
  blob_.reset();
  chunks_.clear();
  return query_.step();
}

std::string ParamRows::where() const { return schema_ + ": parameter " + in_quotes(query_.text(1)) + ": "; }

void ParamRows::refuse(const std::string& what) const { throw CorruptStore(where() + what); }

void ParamRows::parse() {
  if (parsed_) return;
  const auto dtype = storage::parse_dtype(query_.text(3));
  if (!dtype) refuse("there is no dtype " + in_quotes(query_.text(3)));
  auto shape = storage::parse_shape(query_.text(4));
  if (!shape) refuse(in_quotes(query_.text(4)) + " is not a shape");
  const auto size = storage::value_size(*shape, *dtype);
  if (!size) refuse("shape " + storage::shape_to_json(*shape) + " is too large");
  dtype_ = *dtype;
  shape_ = std::move(*shape);
  value_size_ = *size;
  parsed_ = true;
}

storage::Dtype ParamRows::dtype() {
  parse();
  return dtype_;
}

const Shape& ParamRows::shape() {
  parse();
  return shape_;
}

std::uint64_t ParamRows::value_size() {
  parse();
  return value_size_;
}

std::uint64_t ParamRows::numel() {
  parse();
  return value_size_ / storage::dtype_size(dtype_);
}

void ParamRows::find_value() {
  if (value_found_) return;
  parse();
  const auto length = static_cast<std::uint64_t>(query_.integer(6));
  if (length == 0 && value_size_ > 0) {
    find_chunks();
  } else if (!query_.is_null(7)) {
    small_value_ = query_.blob(7);
  } else {
    blob_.emplace(db_, schema_, "params", id());
  }
  const std::uint64_t found = !chunks_.empty() ? chunks_.back().end : small_value_ ? small_value_->size : blob_->size();
  if (found != value_size_) {
    refuse("the value has " + std::to_string(found) + " bytes, but shape " + storage::shape_to_json(shape_) + " of " +
           std::string(storage::dtype_name(dtype_)) + " has " + std::to_string(value_size_));
  }
  value_found_ = true;
}

void ParamRows::find_chunks() {
  InnerQuery query(db_, "SELECT id, sequence, length(value) FROM " + sql_identifier(schema_) +
                            ".chunks WHERE param = ?1 ORDER BY sequence");
  query.bind(1, id());
  std::uint64_t begin = 0;
  while (query.step()) {
    if (query.integer(1) != static_cast<std::int64_t>(chunks_.size())) refuse("a chunk of the value is missing");
    const auto end = begin + static_cast<std::uint64_t>(query.integer(2));
    chunks_.push_back({query.integer(0), begin, end});
    begin = end;
  }
  if (chunks_.empty()) refuse("the value is missing: it is empty and has no chunks");
  open(0);
}

void ParamRows::open(std::size_t chunk) {
  blob_.reset();
  blob_.emplace(db_, schema_, "chunks", chunks_[chunk].row);
  if (blob_->size() != chunks_[chunk].end - chunks_[chunk].begin) refuse("a chunk of the value is not a BLOB");
  open_chunk_ = chunk;
}

void ParamRows::read_value(std::uint64_t offset, void* destination, std::size_t size) {
  find_value();
  if (small_value_) {
    if (size > 0) std::memcpy(destination, static_cast<const char*>(small_value_->data) + offset, size);
    return;
  }
  if (chunks_.empty()) return blob_->read(offset, destination, size);
  auto* next = static_cast<char*>(destination);
  while (size > 0) {
    const auto after = [](std::uint64_t at, const Chunk& chunk) { return at < chunk.end; };
    const auto found = std::upper_bound(chunks_.begin(), chunks_.end(), offset, after);
    const auto index = static_cast<std::size_t>(found - chunks_.begin());
    if (index != open_chunk_) open(index);
    const std::size_t part = std::min<std::uint64_t>(size, found->end - offset);
    blob_->read(offset - found->begin, next, part);
    next += part;
    offset += part;
    size -= part;
  }
}

}  // namespace paramstore::sql
