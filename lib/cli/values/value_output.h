// A whole value in the forms in which `get` writes it.
#pragma once

#include <iosfwd>

#include "paramstore/storage/param_record.h"

namespace paramstore::cli {

/// One innermost row a line, with spaces between the numbers and an empty line between matrices, as NumPy's savetxt
/// writes them and loadtxt reads. Each number is the shortest text that reads back to the same one.
void write_text(std::ostream& out, const storage::ParamRecord& record, const char* value);

/// Throws UsageError for a shape without elements that as JSON would be empty arrays without end:
/// [1000,1000000000000,0].
void check_json_length(const storage::ParamRecord& record);

/// Nested arrays on one line; NaN is null, infinity 9e999, a complex number [re,im]. After check_json_length.
void write_json(std::ostream& out, const storage::ParamRecord& record, const char* value);

/// A .npy file; bfloat16, which NumPy has not, as float32.
void write_npy(std::ostream& out, const storage::ParamRecord& record, const char* value);

}  // namespace paramstore::cli
