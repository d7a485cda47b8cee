#include "lib/cli/values/difference.h"

#include <cmath>

#include "lib/cli/terminal/readable_numbers.h"
#include "lib/cli/values/shape_text.h"
#include "lib/numeric/distance.h"
#include "lib/numeric/statistics.h"

namespace paramstore::cli {

Distance distance(const storage::ParamRecord& a_record, const std::vector<char>& a,
                  const storage::ParamRecord& b_record, const std::vector<char>& b) {
  const std::uint64_t count = element_count(a_record);
  if (count == 0) return {};
  const numeric::Elements from{a.data(), a_record.dtype};
  const numeric::Elements to{b.data(), b_record.dtype};
  numeric::Statistics norm(a_record.dtype, numeric::statistic_norm);
  norm.add(a.data(), a.size());
  Distance result;
  result.l2 = numeric::l2_distance(from, to, count, numeric::SameNotFinite::is_zero);
  result.max_abs = numeric::max_abs_diff(from, to, count, numeric::SameNotFinite::is_zero);
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
