#include "lib/sql/arguments.h"

#include <new>
#include <optional>

#include "lib/text/utf8.h"
#include "paramstore/error.h"

namespace paramstore::sql {
namespace {

const char* type_name(sqlite3_value* argument) {
  switch (sqlite3_value_type(argument)) {
    case SQLITE_INTEGER:
      return "an INTEGER";
    case SQLITE_FLOAT:
      return "a REAL";
    case SQLITE_TEXT:
      return "TEXT";
    case SQLITE_BLOB:
      return "a BLOB";
    default:
      return "NULL";
  }
}

[[noreturn]] void refuse_type(sqlite3_value* argument, const char* what, const char* expected) {
  throw Error(std::string(what) + " must be " + expected + ", but is " + type_name(argument));
}

std::size_t size_of(sqlite3_value* argument) { return static_cast<std::size_t>(sqlite3_value_bytes(argument)); }

}  // namespace

storage::ValueBytes blob_argument(sqlite3_value* argument, const char* what) {
  if (sqlite3_value_type(argument) != SQLITE_BLOB) refuse_type(argument, what, "a BLOB");
  const void* data = sqlite3_value_blob(argument);  // before its size: this call may create it
  const std::size_t size = size_of(argument);
  if (data == nullptr && size > 0) throw std::bad_alloc();
  return {data, size};
}

std::string_view text_argument(sqlite3_value* argument, const char* what) {
  if (sqlite3_value_type(argument) != SQLITE_TEXT) refuse_type(argument, what, "TEXT");
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(argument));
  if (text == nullptr) throw std::bad_alloc();
  return {text, size_of(argument)};
}

std::int64_t integer_argument(sqlite3_value* argument, const char* what) {
  if (sqlite3_value_type(argument) != SQLITE_INTEGER) refuse_type(argument, what, "an INTEGER");
  return sqlite3_value_int64(argument);
}

storage::Dtype dtype_argument(sqlite3_value* argument) {
  const std::string_view name = text_argument(argument, "dtype");
  const auto dtype = storage::parse_dtype(name);
  if (!dtype) {
    throw Error("there is no dtype " + in_quotes(name) +
                "; expected float16, bfloat16, float32, float64, complex64 or complex128");
  }
  return *dtype;
}

Shape shape_argument(sqlite3_value* argument) {
  const std::string_view json = text_argument(argument, "shape");
  auto shape = storage::parse_shape(json);
  if (!shape)
    throw Error(in_quotes(json) + " is not a shape; expected a JSON array of at most 64 sizes, such as [2,3], or []");
  return std::move(*shape);
}

StoredTensor tensor_argument(sqlite3_value** arguments) {
  StoredTensor tensor{blob_argument(arguments[0], "value"), dtype_argument(arguments[1]), shape_argument(arguments[2]),
                      0};
  const auto expected = storage::value_size(tensor.shape, tensor.dtype);
  if (expected != tensor.value.size) {
    std::string message = "value has " + std::to_string(tensor.value.size) + " bytes, but shape " +
                          storage::shape_to_json(tensor.shape) + " of " +
                          std::string(storage::dtype_name(tensor.dtype)) + " has " +
                          (expected ? std::to_string(*expected) : "more than 2^63");
    if (tensor.value.size == 0) message += "; a value too long for one row is empty there: param_values reads it";
    throw Error(message);
  }
  tensor.numel = tensor.value.size / storage::dtype_size(tensor.dtype);
  return tensor;
}

std::uint64_t numel_of(storage::ValueBytes value, storage::Dtype dtype, const char* what) {
  const std::size_t size = storage::dtype_size(dtype);
  if (value.size % size != 0) {
    throw Error(std::string(what) + " has " + std::to_string(value.size) + " bytes, which is not a whole number of " +
                std::string(storage::dtype_name(dtype)) + " elements of " + std::to_string(size));
  }
  return value.size / size;
}

std::uint64_t numel_of(const Shape& shape) {
  // The smallest dtype has 2 bytes, which is what makes this bound the schema's.
  const auto bytes = storage::value_size(shape, storage::Dtype::float16);
  if (!bytes)
    throw Error("shape " + storage::shape_to_json(shape) + " is too large: a value has fewer than 2^63 bytes");
  return *bytes / storage::dtype_size(storage::Dtype::float16);
}

}  // namespace paramstore::sql
