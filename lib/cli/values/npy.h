// NumPy's .npy files (numpy.lib.format) with the dtypes of a store. Never reads pickled objects.
#pragma once

#include <string>
#include <string_view>

#include "lib/cli/values/given_value.h"
#include "paramstore/storage/param_record.h"

namespace paramstore::cli {

/// Whether `contents` begins with the magic bytes of such files.
bool is_npy(std::string_view contents);

/// So many bytes of a file tell how long its header is.
constexpr std::size_t npy_start = 12;

/// The bytes of the file before its data, from the first `npy_start` of them. Throws UsageError if NumPy writes no such
/// file.
std::size_t npy_header_size(std::string_view start, const std::string& source);

/// What a file's header says.
struct NpyArray {
  storage::Dtype dtype = storage::Dtype::float32;
  std::vector<std::int64_t> shape;
  std::uint64_t size = 0;  // of the data, in bytes
  std::size_t header_size = 0;
  bool big_endian = false;
  bool fortran_order = false;
};

/// `contents` begins with the whole header; the data need not be there. Throws UsageError as parse_npy does.
NpyArray npy_array(std::string_view contents, const std::string& source);

/// Reads floating-point and complex arrays of either byte order, in C's or Fortran's element order. Throws UsageError
/// for anything else, and says what it found.
GivenValue parse_npy(std::string_view contents, const std::string& source);

/// The dtype in which a value of `dtype` is written: the same, but float32 for bfloat16, which NumPy does not have.
storage::Dtype npy_dtype(storage::Dtype dtype);

/// The file up to the data, which must follow in little-endian byte order and C's element order.
std::string npy_header(storage::Dtype dtype, const std::vector<std::int64_t>& shape);

}  // namespace paramstore::cli
