#include "lib/sql/param_values.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "lib/numeric/element_text.h"
#include "lib/sql/index_columns.h"
#include "lib/sql/param_rows.h"
#include "lib/sql/plan.h"
#include "lib/sql/virtual_table.h"
#include "paramstore/error.h"

namespace paramstore::sql {
namespace {

enum Column : int {
  name_column,
  position_column,
  indices_column,
  value_column,
  imag_column,
  schema_column,
  first_index_column,
  // Not declared without LibTorch, so they come last.
  constrained_column = first_index_column + index_columns,
  constrained_imag_column,
};

enum Key : int { key_schema = 1, key_name = 2, key_position = 4 };

class Cursor {
 public:
  static std::string declaration(const ParamValuesSettings& settings) {
    return "CREATE TABLE x(name TEXT, position INTEGER, indices TEXT, value REAL, imag REAL, schema TEXT HIDDEN" +
           index_column_declarations() +
           (settings.constrain != nullptr ? ", constrained REAL, constrained_imag REAL)" : ")");
  }

  static bool plan(sqlite3_index_info& info) {
    const int keys = take_keys(info, {{schema_column, true}, {name_column, false}, {position_column, false}});
    if (keys < 0) return false;
    info.idxNum = keys;
    info.estimatedRows = ((keys & key_name) != 0 ? 1 : 1000) * ((keys & key_position) != 0 ? 1 : 10'000);
    info.estimatedCost = static_cast<double>(info.estimatedRows);
    if ((keys & key_name) != 0 && (keys & key_position) != 0) info.idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
    return true;
  }

  Cursor(sqlite3* db, const ParamValuesSettings& settings) : db_(db), constrain_(settings.constrain) {}

  void filter(int keys, sqlite3_value** values, int count) {
    rows_.reset();
    wanted_position_.reset();
    position_ = end_ = 0;
    rowid_ = 0;
    there_is_a_row_ = false;
    for (int i = 0; i < count; ++i) {
      if (sqlite3_value_type(values[i]) == SQLITE_NULL) return;  // equal to nothing
    }
    const std::string schema((keys & key_schema) != 0 ? text_argument(*values++, "the name of the schema") : "main");
    sqlite3_value* name = (keys & key_name) != 0 ? *values++ : nullptr;
    if ((keys & key_position) != 0 && sqlite3_value_type(*values) == SQLITE_INTEGER) {
      wanted_position_ = sqlite3_value_int64(*values);
    }
    rows_.emplace(db_, schema, name, true);
    next_parameter();
  }

  void next() {
    ++rowid_;
    if (++position_ == end_) next_parameter();
  }

  bool at_end() const { return !there_is_a_row_; }
  sqlite3_int64 rowid() const { return rowid_; }

  void column(sqlite3_context* context, int column) {
    switch (column) {
      case name_column:
        return rows_->result_name(context);
      case position_column:
        return sqlite3_result_int64(context, static_cast<sqlite3_int64>(position_));
      case indices_column:
        return result_indices(context, rows_->shape(), position_);
      case value_column:
        return sqlite3_result_double(context, element().real);
      case imag_column:
        if (numeric::is_complex(rows_->dtype())) sqlite3_result_double(context, element().imag);
        return;
      case schema_column: {
        const std::string& schema = rows_->schema();
        return sqlite3_result_text64(context, schema.data(), schema.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
      }
      case constrained_column:
        if (has_constrained()) sqlite3_result_double(context, constrained_element().real);
        return;
      case constrained_imag_column:
        if (has_constrained() && numeric::is_complex(rows_->dtype())) {
          sqlite3_result_double(context, constrained_element().imag);
        }
        return;
      default:
        return result_index(context, rows_->shape(), position_, column - first_index_column);
    }
  }

 private:
  /// Moves to the first element of the next parameter that has one. A value that is missing or too short has no
  /// elements: a hostile row may claim 2^62.
  void next_parameter() {
    do {
      there_is_a_row_ = rows_->next();
      if (!there_is_a_row_) return;
      position_ = 0;
      end_ = rows_->numel();
      if (wanted_position_) narrow(position_, end_, *wanted_position_);
    } while (position_ == end_);
    rows_->find_value();
    window_begin_ = window_end_ = 0;
    constrained_.reset();
  }

  numeric::Element element() {
    const std::size_t size = storage::dtype_size(rows_->dtype());
    if (position_ < window_begin_ || position_ >= window_end_) {
      constexpr std::uint64_t window_bytes = 64 << 10;
      window_begin_ = position_;
      window_end_ = std::min(end_, position_ + window_bytes / size);
      window_.resize(static_cast<std::size_t>(window_end_ - window_begin_) * size);
      rows_->read_value(window_begin_ * size, window_.data(), window_.size());
    }
    return numeric::element_at(rows_->dtype(), window_.data(), static_cast<std::size_t>(position_ - window_begin_));
  }

  /// Whether the constrained value has an element at these indices.
  bool has_constrained() {
    if (!constrained_) {
      std::vector<char> value(static_cast<std::size_t>(rows_->value_size()));
      rows_->read_value(0, value.data(), value.size());
      try {
        constrained_ =
            constrain_({value.data(), value.size()}, rows_->dtype(), rows_->shape(), rows_->constraint_tag());
      } catch (const Error& error) {
        throw Error(rows_->where() + error.what());  // not damage: another program's tag, for example
      }
    }
    return constrained_->shape == rows_->shape();
  }

  numeric::Element constrained_element() {
    return numeric::element_at(rows_->dtype(), constrained_->bytes.data(), static_cast<std::size_t>(position_));
  }

  sqlite3* db_;
  Constrain constrain_;
  std::optional<ParamRows> rows_;
  std::optional<std::int64_t> wanted_position_;
  bool there_is_a_row_ = false;
  std::int64_t rowid_ = 0;
  std::uint64_t position_ = 0;  // of the current element
  std::uint64_t end_ = 0;       // where the current parameter's elements end

  std::vector<char> window_;  // the bytes of some elements from the current one on
  std::uint64_t window_begin_ = 0;
  std::uint64_t window_end_ = 0;

  std::optional<ConstrainedValue> constrained_;  // of the current parameter, on demand
};

}  // namespace

int register_param_values(sqlite3* db, const ParamValuesSettings& settings) noexcept {
  return VirtualTable<Cursor, ParamValuesSettings>::register_module(db, "param_values", &settings);
}

}  // namespace paramstore::sql
