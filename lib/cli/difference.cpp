#include "lib/cli/difference.h"

#include <cmath>

#include "lib/cli/number_text.h"
#include "lib/cli/shape_text.h"
#include "lib/sql/distance.h"
#include "lib/sql/statistics.h"

namespace paramstore::cli {

Distance distance(const storage::ParamRecord& a_record, const std::vector<char>& a,
                  const storage::ParamRecord& b_record, const std::vector<char>& b) {
  const std::uint64_t count = element_count(a_record);
  if (count == 0) return {};
  const sql::Elements from{a.data(), a_record.dtype};
  const sql::Elements to{b.data(), b_record.dtype};
  sql::Statistics norm(a_record.dtype, sql::statistic_norm);
  norm.add(a.data(), a.size());
  Distance result;
  result.l2 = sql::l2_distance(from, to, count, sql::SameNotFinite::is_zero);
  result.max_abs = sql::max_abs_diff(from, to, count, sql::SameNotFinite::is_zero);
  const double length = norm.norm();
  result.relative = std::isinf(length) ? std::nan("") : result.l2 / length;
  return result;
}

std::string text(const Distance& distance) {
  std::string result = "l2 " + rounded(distance.l2, 4) + "  max " + rounded(distance.max_abs, 4);
  if (std::isfinite(distance.relative)) result += "  " + rounded(100 * distance.relative, 3) + "%";
  return result;
}

}  // namespace paramstore::cli
