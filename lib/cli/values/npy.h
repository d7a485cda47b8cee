// NumPy's .npy files (numpy.lib.format) with the dtypes of a store. Never reads pickled objects.
#pragma once

#include <string>
#include <string_view>

#include "lib/cli/values/given_value.h"
#include "paramstore/storage/param_record.h"

namespace paramstore::cli {

/// Whether `contents` begins with the magic bytes of such files.
bool is_npy(std::string_view contents);

/// Reads floating-point and complex arrays of either byte order, in C's or Fortran's element order. Throws UsageError
/// for anything else, and says what it found.
GivenValue parse_npy(std::string_view contents, const std::string& source);

/// The dtype in which a value of `dtype` is written: the same, but float32 for bfloat16, which NumPy does not have.
storage::Dtype npy_dtype(storage::Dtype dtype);

/// The file up to the data, which must follow in little-endian byte order and C's element order.
std::string npy_header(storage::Dtype dtype, const std::vector<std::int64_t>& shape);

}  // namespace paramstore::cli
