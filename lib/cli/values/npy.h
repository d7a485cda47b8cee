// NumPy's .npy files (numpy.lib.format), of the dtypes that a store has. No pickled objects, ever.
#pragma once

#include <string>
#include <string_view>

#include "lib/cli/values/given_value.h"
#include "paramstore/storage/param_record.h"

namespace paramstore::cli {

/// Whether `contents` begins as such files do.
bool is_npy(std::string_view contents);

/// Reads floating-point and complex arrays of either byte order, in C's or Fortran's element order. Throws UsageError
/// that says what else it found.
GivenValue parse_npy(std::string_view contents, const std::string& source);

/// The dtype under which a value of `dtype` is written: the same, but float32 for bfloat16, which NumPy has not.
storage::Dtype npy_dtype(storage::Dtype dtype);

/// The header, up to where the data begins, little-endian and in C's order.
std::string npy_header(storage::Dtype dtype, const std::vector<std::int64_t>& shape);

}  // namespace paramstore::cli
