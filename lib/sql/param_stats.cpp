#include "lib/sql/param_stats.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "lib/numeric/statistics.h"
#include "lib/sql/param_rows.h"
#include "lib/sql/plan.h"
#include "lib/sql/virtual_table.h"

namespace paramstore::sql {
namespace {

struct NoSettings {};
constexpr NoSettings no_settings;

enum Column : int {
  name_column,
  constraint_tag_column,
  dtype_column,
  shape_column,
  numel_column,
  min_column,
  max_column,
  mean_column,
  std_column,
  norm_column,
  nan_count_column,
  revision_column,
  schema_column,
};

// A plan's number: bits for the keys, and above them bits for the requested statistics.
enum Key : int { key_schema = 1, key_name = 2 };
constexpr int key_bits = 2;

constexpr unsigned statistic_of(int column) noexcept { return 1U << (column - min_column); }
static_assert(statistic_of(min_column) == numeric::statistic_min &&
              statistic_of(nan_count_column) == numeric::statistic_nan_count);

class Cursor {
 public:
  static std::string declaration(const NoSettings&) {
    return "CREATE TABLE x(name TEXT, constraint_tag TEXT, dtype TEXT, shape TEXT, numel INTEGER, min REAL, max REAL, "
           "mean REAL, std REAL, norm REAL, nan_count INTEGER, revision INTEGER, schema TEXT HIDDEN)";
  }

  static bool plan(sqlite3_index_info& info) {
    const int keys = take_keys(info, {{schema_column, true}, {name_column, false}});
    if (keys < 0) return false;
    const auto wanted = static_cast<int>(info.colUsed >> min_column) & static_cast<int>(numeric::all_statistics);
    info.idxNum = keys | wanted << key_bits;
    const bool one = (keys & key_name) != 0;
    info.estimatedRows = one ? 1 : 1000;
    info.estimatedCost = (one ? 1.0 : 1000.0) * (wanted != 0 ? 1000.0 : 1.0);
    if (one) info.idxFlags = SQLITE_INDEX_SCAN_UNIQUE;
    return true;
  }

  Cursor(sqlite3* db, const NoSettings&) : db_(db) {}

  void filter(int plan, sqlite3_value** values, int count) {
    rows_.reset();
    there_is_a_row_ = false;
    wanted_ = static_cast<unsigned>(plan) >> key_bits;
    for (int i = 0; i < count; ++i) {
      if (sqlite3_value_type(values[i]) == SQLITE_NULL) return;  // equal to nothing
    }
    const std::string schema((plan & key_schema) != 0 ? text_argument(*values++, "the name of the schema") : "main");
    rows_.emplace(db_, schema, (plan & key_name) != 0 ? *values : nullptr, wanted_ != 0);
    next();
  }

  void next() {
    statistics_.reset();
    there_is_a_row_ = rows_->next();
  }

  bool at_end() const { return !there_is_a_row_; }
  sqlite3_int64 rowid() const { return rows_->id(); }

  void column(sqlite3_context* context, int column) {
    switch (column) {
      case name_column:
        return rows_->result_name(context);
      case constraint_tag_column:
        return rows_->result_constraint_tag(context);
      case dtype_column:
        return rows_->result_dtype(context);
      case shape_column:
        return rows_->result_shape(context);
      case numel_column:
        return sqlite3_result_int64(context, static_cast<sqlite3_int64>(rows_->numel()));
      case revision_column:
        return rows_->result_revision(context);
      case schema_column: {
        const std::string& schema = rows_->schema();
        return sqlite3_result_text64(context, schema.data(), schema.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
      }
      case nan_count_column:
        return sqlite3_result_int64(context, static_cast<sqlite3_int64>(statistics(statistic_of(column)).nan_count()));
      default:
        return result_statistic(context, column);
    }
  }

 private:
  void result_statistic(sqlite3_context* context, int column) {
    const bool ordered = column == min_column || column == max_column || column == mean_column;
    if (ordered && numeric::is_complex(rows_->dtype())) return;  // NULL
    const numeric::Statistics& found = statistics(statistic_of(column));
    sqlite3_result_double(context, column == min_column    ? found.min()
                                   : column == max_column  ? found.max()
                                   : column == mean_column ? found.mean()
                                   : column == std_column  ? found.std()
                                                           : found.norm());
  }

  /// Computes all requested statistics of the current row in one pass.
  const numeric::Statistics& statistics(unsigned wanted) {
    // SQLite tells beforehand which columns it needs; if it asks for others, they are computed too.
    if ((wanted_ & wanted) == 0) statistics_.reset();
    wanted_ |= wanted;
    if (statistics_) return *statistics_;
    constexpr std::size_t piece = 256 << 10;  // stays in the second cache
    statistics_.emplace(rows_->dtype(), wanted_);
    const std::uint64_t size = rows_->value_size();
    buffer_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(size, piece)));
    std::uint64_t offset = 0;
    do {
      const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(size - offset, piece));
      rows_->read_value(offset, buffer_.data(), part);  // even if empty, so that it is checked
      statistics_->add(buffer_.data(), part);
      offset += part;
    } while (offset < size);
    return *statistics_;
  }

  sqlite3* db_;
  std::optional<ParamRows> rows_;
  bool there_is_a_row_ = false;
  unsigned wanted_ = 0;
  std::optional<numeric::Statistics> statistics_;
  std::vector<char> buffer_;
};

}  // namespace

int register_param_stats(sqlite3* db) noexcept {
  return VirtualTable<Cursor, NoSettings>::register_module(db, "param_stats", &no_settings);
}

}  // namespace paramstore::sql
