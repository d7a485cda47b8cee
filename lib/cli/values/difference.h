// How two parameters differ, and how far a value moved, for diff and watch.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "paramstore/storage/param_record.h"

namespace paramstore::cli {

struct Distance {
  double l2 = 0;        // 2-norm of b - a
  double max_abs = 0;   // largest magnitude of an element of b - a
  double relative = 0;  // l2 / 2-norm of a; infinite if only a is zero, NaN if both are or a is not finite
};

/// The distance of two values with the same number of elements. It is NaN if one has a NaN where the other does not; the
/// same infinity, or a NaN, at the same place in both counts as equal.
Distance distance(const storage::ParamRecord& a_record, const std::vector<char>& a,
                  const storage::ParamRecord& b_record, const std::vector<char>& b);

/// "l2 0.5  max 0.1  2.5%"
std::string text(const Distance& distance);

}  // namespace paramstore::cli
