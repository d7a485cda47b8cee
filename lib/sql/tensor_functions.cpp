// The functions that return one number or one text about a tensor.
#include "lib/sql/tensor_functions.h"

#include <limits>
#include <string>

#include "lib/numeric/distance.h"
#include "lib/numeric/element_text.h"
#include "lib/numeric/statistics.h"
#include "lib/sql/arguments.h"
#include "lib/sql/function_table.h"
#include "paramstore/error.h"

namespace paramstore::sql {
namespace {

constexpr unsigned json_subtype = 'J';  // marks results as JSON for SQLite's JSON functions

void give_json(const Call& call, const std::string& json) {
  sqlite3_result_text64(call.context, json.data(), json.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  sqlite3_result_subtype(call.context, json_subtype);
}

void tensor_numel(const Call& call) {
  sqlite3_result_int64(call.context, static_cast<sqlite3_int64>(numel_of(shape_argument(call.values[0]))));
}

std::uint64_t position_argument(const StoredTensor& tensor, int count, sqlite3_value** indices) {
  if (static_cast<std::size_t>(count) != tensor.shape.size()) {
    throw Error("shape " + storage::shape_to_json(tensor.shape) + " needs " + std::to_string(tensor.shape.size()) +
                " indices, but there are " + std::to_string(count));
  }
  std::uint64_t position = 0;
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    const std::int64_t size = tensor.shape[i];
    const std::int64_t index = integer_argument(indices[i], "an index");
    if (index >= size || index < -size) {
      throw Error("index " + std::to_string(index) + " is out of range for dimension " + std::to_string(i) +
                  " of shape " + storage::shape_to_json(tensor.shape));
    }
    position =
        position * static_cast<std::uint64_t>(size) + static_cast<std::uint64_t>(index < 0 ? index + size : index);
  }
  return position;
}

void tensor_at(const Call& call) {
  if (call.count < 3) throw Error("expected value, dtype and shape, and an index for each dimension");
  const StoredTensor tensor = tensor_argument(call.values);
  const auto position = position_argument(tensor, call.count - 3, call.values + 3);
  const numeric::Element element = numeric::element_at(tensor.dtype, tensor.value.data, position);
  if (numeric::is_complex(tensor.dtype)) {
    std::string json;
    numeric::append_json(json, tensor.dtype, element);
    give_json(call, json);
  } else {
    sqlite3_result_double(call.context, element.real);
  }
}

/// Nested arrays of a tensor.
class NestedArrays {
 public:
  NestedArrays(const StoredTensor& tensor, std::size_t limit) : tensor_(tensor), limit_(limit) {}

  /// Empty if the text would be longer than the limit.
  std::string write() {
    if (!write_from(0, 0, tensor_.numel)) return {};
    return std::move(json_);
  }

 private:
  /// The `numel` elements from `position` on that `dimension` spans. At most 64 levels deep.
  bool write_from(std::size_t dimension, std::uint64_t position, std::uint64_t numel) {
    if (json_.size() > limit_) return false;
    if (dimension == tensor_.shape.size()) {
      numeric::append_json(json_, tensor_.dtype, numeric::element_at(tensor_.dtype, tensor_.value.data, position));
      return true;
    }
    const auto size = static_cast<std::uint64_t>(tensor_.shape[dimension]);
    const std::uint64_t part = size == 0 ? 0 : numel / size;
    json_ += '[';
    for (std::uint64_t i = 0; i < size; ++i) {
      if (i > 0) json_ += ',';
      if (!write_from(dimension + 1, position + i * part, part)) return false;
    }
    json_ += ']';
    return true;
  }

  const StoredTensor& tensor_;
  std::size_t limit_;
  std::string json_;
};

void tensor_json(const Call& call) {
  const StoredTensor tensor = tensor_argument(call.values);
  const int longest = sqlite3_limit(sqlite3_context_db_handle(call.context), SQLITE_LIMIT_LENGTH, -1);
  // An empty tensor may have any number of empty rows: [1000000000,0] has 1,000,000,000 of them, and no bytes.
  constexpr std::size_t longest_of_empty = 1'000'000;
  const auto limit = tensor.numel == 0 ? longest_of_empty : static_cast<std::size_t>(longest);
  const std::string json = NestedArrays(tensor, limit).write();
  if (json.empty()) {
    sqlite3_result_error_toobig(call.context);
  } else {
    give_json(call, json);
  }
}

template <numeric::Statistic statistic>
void tensor_statistic(const Call& call) {
  const auto value = blob_argument(call.values[0], "value");
  const auto dtype = dtype_argument(call.values[1]);
  numel_of(value, dtype, "value");
  constexpr unsigned ordered = numeric::statistic_min | numeric::statistic_max | numeric::statistic_mean;
  if ((statistic & ordered) != 0 && numeric::is_complex(dtype)) {
    throw Error("complex numbers have no " +
                std::string(statistic == numeric::statistic_mean ? "single mean" : "order") +
                "; tensor_each(value, dtype, shape) has their parts as value and imag");
  }
  if (value.size == 0) return;  // NULL: see functions.h
  numeric::Statistics statistics(dtype, statistic);
  statistics.add(value.data, value.size);
  switch (statistic) {
    case numeric::statistic_min:
      return sqlite3_result_double(call.context, statistics.min());
    case numeric::statistic_max:
      return sqlite3_result_double(call.context, statistics.max());
    case numeric::statistic_mean:
      return sqlite3_result_double(call.context, statistics.mean());
    case numeric::statistic_std:
      return sqlite3_result_double(call.context, statistics.std());
    case numeric::statistic_norm:
      return sqlite3_result_double(call.context, statistics.norm());
    default:
      return sqlite3_result_int64(call.context, static_cast<sqlite3_int64>(statistics.nan_count()));
  }
}

/// The arguments (a, b, dtype), or (a, dtype_a, b, dtype_b).
template <double (*distance)(const numeric::Elements&, const numeric::Elements&, std::size_t,
                             numeric::SameNotFinite) noexcept>
void tensor_distance(const Call& call) {
  const bool two_dtypes = call.count == 4;
  const auto a = blob_argument(call.values[0], "a");
  const auto b = blob_argument(call.values[two_dtypes ? 2 : 1], "b");
  const auto dtype_a = dtype_argument(call.values[two_dtypes ? 1 : 2]);
  const auto dtype_b = two_dtypes ? dtype_argument(call.values[3]) : dtype_a;
  const auto count = numel_of(a, dtype_a, "a");
  if (const auto other = numel_of(b, dtype_b, "b"); other != count) {
    throw Error("a has " + std::to_string(count) + " elements and b has " + std::to_string(other));
  }
  if (count == 0) return;  // NULL: see functions.h
  sqlite3_result_double(call.context,
                        distance({a.data, dtype_a}, {b.data, dtype_b}, count, numeric::SameNotFinite::is_nan));
}

constexpr Function functions[] = {
    {"tensor_numel", 1, tensor_numel},
    {"tensor_at", -1, tensor_at},
    {"tensor_json", 3, tensor_json},
    {"tensor_min", 2, tensor_statistic<numeric::statistic_min>},
    {"tensor_max", 2, tensor_statistic<numeric::statistic_max>},
    {"tensor_mean", 2, tensor_statistic<numeric::statistic_mean>},
    {"tensor_std", 2, tensor_statistic<numeric::statistic_std>},
    {"tensor_norm", 2, tensor_statistic<numeric::statistic_norm>},
    {"tensor_nan_count", 2, tensor_statistic<numeric::statistic_nan_count>},
    {"tensor_l2_distance", 3, tensor_distance<numeric::l2_distance>},
    {"tensor_l2_distance", 4, tensor_distance<numeric::l2_distance>},
    {"tensor_max_abs_diff", 3, tensor_distance<numeric::max_abs_diff>},
    {"tensor_max_abs_diff", 4, tensor_distance<numeric::max_abs_diff>},
};

}  // namespace

int register_tensor_functions(sqlite3* db) noexcept { return register_functions(db, functions); }

}  // namespace paramstore::sql
