// A histogram of a tensor's values, drawn in text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "paramstore/storage/dtype.h"

namespace paramstore::cli {

/// Bins of equal width from the smallest to the largest finite value. The last bin includes its upper end.
struct Histogram {
  double least = 0;
  double most = 0;
  std::vector<std::uint64_t> counts;  // empty if no value is finite; a single bin if all are equal
};

/// Counts the `numel` elements at `value`; for complex ones, their magnitudes.
Histogram histogram(storage::Dtype dtype, const void* value, std::uint64_t numel, std::size_t bins);

/// One line per bin: its range, a bar and its count. At most `width` columns. Bars consist of block elements, or of #.
std::vector<std::string> draw(const Histogram& histogram, std::size_t width, bool unicode);

}  // namespace paramstore::cli
