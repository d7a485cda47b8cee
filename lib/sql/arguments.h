// Arguments of SQL functions and tables, checked. All throw Error with what was expected and what was found.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/sql/sqlite_api.h"
#include "paramstore/storage/param_record.h"

namespace paramstore::sql {

using Shape = std::vector<std::int64_t>;

/// The bytes of a BLOB. They live as long as the argument. `what` is its name in messages.
storage::ValueBytes blob_argument(sqlite3_value* argument, const char* what);
std::string_view text_argument(sqlite3_value* argument, const char* what);
std::int64_t integer_argument(sqlite3_value* argument, const char* what);
storage::Dtype dtype_argument(sqlite3_value* argument);
Shape shape_argument(sqlite3_value* argument);

/// A value with the dtype and shape that fit it.
struct StoredTensor {
  storage::ValueBytes value;
  storage::Dtype dtype;
  Shape shape;
  std::uint64_t numel;
};

/// The three arguments value, dtype, shape.
StoredTensor tensor_argument(sqlite3_value** arguments);

/// The number of elements in the bytes. Throws if it is not a whole number.
std::uint64_t numel_of(storage::ValueBytes value, storage::Dtype dtype, const char* what);

/// The product of the sizes. Throws if it does not fit in 63 bits.
std::uint64_t numel_of(const Shape& shape);

}  // namespace paramstore::sql
