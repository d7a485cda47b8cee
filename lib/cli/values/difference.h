// How two parameters differ, and how far a value moved: what diff and watch tell.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "paramstore/storage/param_record.h"

namespace paramstore::cli {

struct Distance {
  double l2 = 0;        // 2-norm of b - a
  double max_abs = 0;   // largest magnitude of an element of b - a
  double relative = 0;  // l2 by the 2-norm of a; infinite where a is zero, NaN where both are, or a is not finite
};

/// Of two values with the same number of elements. NaN where one of them has a NaN and the other has none there; an
/// infinity or a NaN that both have at the same place is no difference.
Distance distance(const storage::ParamRecord& a_record, const std::vector<char>& a,
                  const storage::ParamRecord& b_record, const std::vector<char>& b);

/// "l2 0.5  max 0.1  2.5%"
std::string text(const Distance& distance);

}  // namespace paramstore::cli
