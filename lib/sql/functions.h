// SQL about tensors, for any SQLite connection. Without LibTorch.
//
// A value is the blob of the `params` table. It does not know what it is, so its `dtype` and `shape` go with it:
//
//   SELECT name, tensor_norm(value, dtype) FROM params;
//   SELECT tensor_at(value, dtype, shape, 0, -1) FROM params WHERE name = 'weight';
//
// Functions. NULL in, NULL out; an argument of a wrong type, a dtype or shape that is none, or a blob that they do not
// fit, is an SQL error that says so.
//
//   tensor_numel(shape)                        the number of elements
//   tensor_at(value, dtype, shape, i, j, ...)  one element; negative indices count from the end
//   tensor_json(value, dtype, shape)           all of them as nested JSON arrays, each number the shortest text that
//                                              reads back to the same one of its dtype
//   tensor_min, tensor_max, tensor_mean, tensor_std, tensor_norm, tensor_nan_count (value, dtype)
//   tensor_l2_distance(a, b, dtype)            the 2-norm of a - b; also (a, dtype_a, b, dtype_b)
//   tensor_max_abs_diff(a, b, dtype)           the largest magnitude in a - b; also with two dtypes. Another number of
//                                              elements is an error in both
//   text REGEXP pattern, regexp(pattern, text) whether Python's re.search finds the pattern; one that costs too much
//                                              is an error. Loaded by SELECT load_extension(...), which can
//                                              replace nothing, a REGEXP that the program has already stays
//
// Statistics are PyTorch's, added up in float64: `std` divides by n - 1, `norm` is the 2-norm, and a NaN anywhere makes
// all but `nan_count` NaN. SQLite has no NaN: it is NULL, also where PyTorch says NaN because there are too few
// elements or infinities that cancel. `nan_count` tells which.
// An empty blob gives NULL in all of them: it is a tensor without elements, or the empty place of a value that is too
// long for one row (schema/FORMAT.md, `chunks`). The tables below know which, and read those too.
//
// A complex number is the JSON array [re,im]. It has no order, and its mean is no single number: min, max and mean of
// complex tensors are errors. JSON has neither NaN nor infinity: they are null and 9e999, which SQLite, Python and
// JavaScript read as infinity.
//
// Tables. A row is made when it is asked for, and of a file's values only a part is in memory at a time.
//
//   tensor_each(value, dtype, shape)   a row an element: position (in row-major order, from 0), indices ('[1,2]'),
//                                      value, and imag (NULL unless complex). Not in `*`, but there: i0 to i7, the
//                                      first eight indices
//   param_stats                        a row a parameter: name, constraint_tag, dtype, shape, numel, min, max, mean,
//                                      std, norm, nan_count, revision. NULL where the functions give an error for
//                                      being complex. Reads values only for the columns that are asked for
//   param_values                       a row an element of a parameter: name, position, indices, value, imag, and i0
//                                      to i7. With the loadable extension also constrained and constrained_imag (see
//                                      param_values.h)
//
// The last two are about the store opened as `main`; param_stats('old') is about the one attached as `old`.
#pragma once

struct sqlite3;

namespace paramstore {

/// Adds the functions and tables above to a connection. Once is enough; again does no harm while no statement of it is
/// running. Returns SQLite's result code. All are deterministic and innocuous, so a schema may use them.
int register_sql_functions(sqlite3* db) noexcept;

/// Puts `param_stats` and `param_values` into the connection's TEMP schema, after `register_sql_functions`: tools that
/// list tables then list them, and no table of that name in a stranger's file can stand in their place. They are there
/// without this, too. Called again it renews them. Returns SQLite's result code; SQLITE_READONLY under
/// `PRAGMA query_only`.
int create_sql_views(sqlite3* db) noexcept;

}  // namespace paramstore
