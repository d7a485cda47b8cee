// Writes a whole value in the formats of `get`.
#pragma once

#include <iosfwd>

#include "paramstore/storage/param_record.h"

namespace paramstore::cli {

/// One innermost row per line, with spaces between the numbers and an empty line between matrices, as NumPy's savetxt
/// writes and loadtxt reads it. Each number is the shortest text that reads back as the same number.
void write_text(std::ostream& out, const storage::ParamRecord& record, const char* value);

/// Throws UsageError for a shape without elements whose JSON would be a huge number of empty arrays:
/// [1000,1000000000000,0].
void check_json_length(const storage::ParamRecord& record);

/// Nested arrays on one line, without its end; NaN is null, infinity 9e999, a complex number [re,im]. Call check_json_length first.
void write_json(std::ostream& out, const storage::ParamRecord& record, const char* value);

/// A .npy file. bfloat16, which NumPy does not have, is written as float32.
void write_npy(std::ostream& out, const storage::ParamRecord& record, const char* value);

}  // namespace paramstore::cli
