// Shared by the tables of elements: the columns indices and i0 to i7, and the look-up by position.
#pragma once

#include <cstdint>
#include <string>

#include "lib/sql/arguments.h"

namespace paramstore::sql {

constexpr int index_columns = 8;

/// ", i0 INTEGER HIDDEN, ...": the end of a table's declaration.
std::string index_column_declarations();

/// The column `indices`.
void result_indices(sqlite3_context* context, const Shape& shape, std::uint64_t position);

/// The column i`dimension`; NULL if the shape has no such dimension.
void result_index(sqlite3_context* context, const Shape& shape, std::uint64_t position, int dimension);

/// Narrows the positions [begin, end) to `wanted`, or to none.
void narrow(std::uint64_t& begin, std::uint64_t& end, std::int64_t wanted) noexcept;

}  // namespace paramstore::sql
