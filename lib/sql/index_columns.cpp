#include "lib/sql/index_columns.h"

#include "lib/numeric/element_text.h"

namespace paramstore::sql {

std::string index_column_declarations() {
  std::string declarations;
  for (int i = 0; i < index_columns; ++i) declarations += ", i" + std::to_string(i) + " INTEGER HIDDEN";
  return declarations;
}

void result_indices(sqlite3_context* context, const Shape& shape, std::uint64_t position) {
  const std::string json = numeric::indices_json(shape, position);
  sqlite3_result_text64(context, json.data(), json.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void result_index(sqlite3_context* context, const Shape& shape, std::uint64_t position, int dimension) {
  const auto at = static_cast<std::size_t>(dimension);
  if (at < shape.size()) sqlite3_result_int64(context, numeric::index_at(shape, position, at));
}

void narrow(std::uint64_t& begin, std::uint64_t& end, std::int64_t wanted) noexcept {
  const auto position = static_cast<std::uint64_t>(wanted);  // a negative one is past the end
  if (position < begin || position >= end) {
    end = begin;
  } else {
    begin = position;
    end = position + 1;
  }
}

}  // namespace paramstore::sql
