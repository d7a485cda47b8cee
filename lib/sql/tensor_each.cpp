#include "lib/sql/tensor_each.h"

#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "lib/numeric/element_text.h"
#include "lib/sql/arguments.h"
#include "lib/sql/index_columns.h"
#include "lib/sql/plan.h"
#include "lib/sql/virtual_table.h"
#include "paramstore/error.h"

namespace paramstore::sql {
namespace {

struct NoSettings {};
constexpr NoSettings no_settings;

enum Column : int {
  position_column,
  indices_column,
  value_column,
  imag_column,
  tensor_column,
  dtype_column,
  shape_column,
  first_index_column
};

enum Key : int { key_tensor = 1, key_dtype = 2, key_shape = 4, key_position = 8 };

struct FreeValue {
  void operator()(sqlite3_value* value) const noexcept { sqlite3_value_free(value); }
};
using OwnedValue = std::unique_ptr<sqlite3_value, FreeValue>;

class Cursor {
 public:
  static std::string declaration(const NoSettings&) {
    return "CREATE TABLE x(position INTEGER, indices TEXT, value REAL, imag REAL, tensor HIDDEN, dtype HIDDEN, shape "
           "HIDDEN" +
           index_column_declarations() + ")";
  }

  static bool plan(sqlite3_index_info& info) {
    const int keys =
        take_keys(info, {{tensor_column, true}, {dtype_column, true}, {shape_column, true}, {position_column, false}});
    if (keys < 0) return false;
    info.idxNum = keys;
    const bool one = (keys & key_position) != 0;
    info.estimatedRows = one ? 1 : 1'000'000;
    info.estimatedCost = one ? 1.0 : 1e6;
    if (one) info.idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
    if (info.nOrderBy == 1 && info.aOrderBy[0].iColumn == position_column && !info.aOrderBy[0].desc) {
      info.orderByConsumed = 1;
    }
    return true;
  }

  Cursor(sqlite3*, const NoSettings&) {}

  void filter(int keys, sqlite3_value** values, int count) {
    constexpr int arguments = key_tensor | key_dtype | key_shape;
    if ((keys & arguments) != arguments) throw Error("tensor_each needs three arguments: value, dtype and shape");
    tensor_ = {};
    position_ = end_ = 0;
    for (int i = 0; i < count; ++i) {
      if (sqlite3_value_type(values[i]) == SQLITE_NULL) return;  // no rows
    }
    // The arguments are valid only in this call; the cursor outlives it.
    for (int i = 0; i < 3; ++i) {
      kept_[i].reset(sqlite3_value_dup(values[i]));
      if (!kept_[i]) throw std::bad_alloc();
    }
    try {
      sqlite3_value* kept[] = {kept_[0].get(), kept_[1].get(), kept_[2].get()};
      tensor_ = tensor_argument(kept);
    } catch (const Error& error) {
      throw Error(std::string("tensor_each: ") + error.what());
    }
    end_ = tensor_.numel;
    // If it has another type, SQLite compares row by row.
    if ((keys & key_position) != 0 && sqlite3_value_type(values[3]) == SQLITE_INTEGER) {
      narrow(position_, end_, sqlite3_value_int64(values[3]));
    }
  }

  void next() { ++position_; }
  bool at_end() const { return position_ >= end_; }
  sqlite3_int64 rowid() const { return static_cast<sqlite3_int64>(position_); }

  void column(sqlite3_context* context, int column) {
    switch (column) {
      case position_column:
        return sqlite3_result_int64(context, static_cast<sqlite3_int64>(position_));
      case indices_column:
        return result_indices(context, tensor_.shape, position_);
      case value_column:
        return sqlite3_result_double(context, element().real);
      case imag_column:
        if (numeric::is_complex(tensor_.dtype)) sqlite3_result_double(context, element().imag);
        return;
      case tensor_column:
      case dtype_column:
      case shape_column:
        return sqlite3_result_value(context, kept_[column - tensor_column].get());
      default:
        return result_index(context, tensor_.shape, position_, column - first_index_column);
    }
  }

 private:
  numeric::Element element() const { return numeric::element_at(tensor_.dtype, tensor_.value.data, position_); }

  OwnedValue kept_[3];
  StoredTensor tensor_{};
  std::uint64_t position_ = 0;
  std::uint64_t end_ = 0;
};

}  // namespace

int register_tensor_each(sqlite3* db) noexcept {
  return VirtualTable<Cursor, NoSettings>::register_module(db, "tensor_each", &no_settings);
}

}  // namespace paramstore::sql
