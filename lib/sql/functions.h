// SQL about tensors, for any SQLite connection. Without LibTorch.
//
// A value is the blob of the `params` table. A blob has no type, so pass its `dtype` and `shape` with it:
//
//   SELECT name, tensor_norm(value, dtype) FROM params;
//   SELECT tensor_at(value, dtype, shape, 0, -1) FROM params WHERE name = 'weight';
//
// Functions. NULL in, NULL out. An argument of the wrong type, an invalid dtype or shape, or a blob that does not fit
// them is an SQL error that says so.
//
//   tensor_numel(shape)                        the number of elements
//   tensor_at(value, dtype, shape, i, j, ...)  one element; negative indices count from the end
//   tensor_json(value, dtype, shape)           all elements as nested JSON arrays, each number the shortest text that
//                                              reads back as the same number of its dtype
//   tensor_min, tensor_max, tensor_mean, tensor_std, tensor_norm, tensor_nan_count (value, dtype)
//   tensor_l2_distance(a, b, dtype)            the 2-norm of a - b; also (a, dtype_a, b, dtype_b)
//   tensor_max_abs_diff(a, b, dtype)           the largest magnitude in a - b; also with two dtypes. Both fail if a and
//                                              b have different numbers of elements
//   text REGEXP pattern, regexp(pattern, text) whether Python's re.search finds the pattern; a pattern that costs too
//                                              much is an error. SELECT load_extension(...) cannot replace an
//                                              existing REGEXP
//
// Statistics are PyTorch's, summed in float64: `std` divides by n - 1, `norm` is the 2-norm, and a NaN anywhere makes
// all but `nan_count` NaN. SQLite has no NaN, so the result is NULL, including where PyTorch gives NaN because there
// are too few elements or because infinities cancel. `nan_count` tells which. An empty blob gives NULL in all of them:
// it is a tensor without elements, or stands for a value that is too long for one row (schema/FORMAT.md, `chunks`). The
// tables below can tell these apart, and read such values too.
//
// A complex number is the JSON array [re,im]. Complex numbers have no order, and their mean is not a single number, so
// min, max and mean of complex tensors are errors. JSON has neither NaN nor infinity: they are written as null and
// 9e999, which SQLite, Python and JavaScript read as infinity.
//
// Tables. Rows are made on demand, and only part of a file's values is in memory at a time.
//
//   tensor_each(value, dtype, shape)   a row per element: position (in row-major order, from 0), indices ('[1,2]'),
//                                      value, and imag (NULL unless complex). Hidden from `*`: i0 to i7, the first
//                                      eight indices
//   param_stats                        a row per parameter: name, constraint_tag, dtype, shape, numel, min, max, mean,
//                                      std, norm, nan_count, revision. NULL where the functions fail because the
//                                      tensor is complex. Reads values only if a requested column needs them
//   param_values                       a row per element of a parameter: name, position, indices, value, imag, and i0
//                                      to i7. With the loadable extension also constrained and constrained_imag (see
//                                      param_values.h)
//
// The last two are about the store opened as `main`; param_stats('old') is about the one attached as `old`.
#pragma once

struct sqlite3;

namespace paramstore {

/// Adds the functions and tables above to a connection. Once is enough; repeating it is harmless while no statement of
/// the connection is running. Returns SQLite's result code. All are deterministic and innocuous, so a schema may use
/// them.
int register_sql_functions(sqlite3* db) noexcept;

/// Puts `param_stats` and `param_values` into the connection's TEMP schema, after `register_sql_functions`: tools that
/// list tables then list them, and no table of that name in a stranger's file can take their place. Both work without
/// this too. Calling it again renews them. Returns SQLite's result code; SQLITE_READONLY under `PRAGMA query_only`.
int create_sql_views(sqlite3* db) noexcept;

}  // namespace paramstore
