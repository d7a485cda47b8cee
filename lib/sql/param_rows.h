// The rows of a store's `params`, and their values, in rows or in chunks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/sql/arguments.h"
#include "lib/sql/inner_query.h"

namespace paramstore::sql {

/// In insertion order, all in one snapshot. Begins before the first row.
class ParamRows {
 public:
  /// The rows of the store attached as `schema`, or only that of `name`. `small_values` reads short values together
  /// with their rows; set it if they will be needed.
  ParamRows(sqlite3* db, std::string schema, sqlite3_value* name, bool small_values);

  bool next();

  // The current row.
  std::int64_t id() const noexcept { return query_.integer(0); }
  void result_name(sqlite3_context* context) const noexcept { query_.result(context, 1); }
  void result_constraint_tag(sqlite3_context* context) const noexcept { query_.result(context, 2); }
  void result_dtype(sqlite3_context* context) const noexcept { query_.result(context, 3); }
  void result_shape(sqlite3_context* context) const noexcept { query_.result(context, 4); }
  void result_revision(sqlite3_context* context) const noexcept { query_.result(context, 5); }
  std::string_view constraint_tag() const noexcept { return query_.text(2); }

  // The row's contents, checked: these throw a CorruptStore that names the parameter.
  storage::Dtype dtype();
  const Shape& shape();
  std::uint64_t numel();
  std::uint64_t value_size();

  /// Checks that there are `value_size` bytes, in the row or in chunks. Call this before allocating: until then the
  /// size is only the file's claim.
  void find_value();
  /// Reads a part of the value. The first read makes this check.
  void read_value(std::uint64_t offset, void* destination, std::size_t size);

  const std::string& schema() const noexcept { return schema_; }
  /// "<schema>: parameter '<name>': ", for messages.
  std::string where() const;
  /// Throws CorruptStore: where() and `what`.
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  struct Chunk {
    std::int64_t row;
    std::uint64_t begin;
    std::uint64_t end;
  };
  void parse();
  void find_chunks();
  void open(std::size_t chunk);

  sqlite3* db_;
  std::string schema_;
  InnerQuery query_;

  // Of the current row, made on demand.
  bool parsed_ = false;
  storage::Dtype dtype_ = storage::Dtype::float32;
  Shape shape_;
  std::uint64_t value_size_ = 0;

  bool value_found_ = false;
  std::optional<storage::ValueBytes> small_value_;
  std::optional<InnerBlob> blob_;  // the value, or the last chunk read
  std::vector<Chunk> chunks_;
  std::size_t open_chunk_ = 0;
};

}  // namespace paramstore::sql
