// How a tensor's values are spread, drawn in text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "paramstore/storage/dtype.h"

namespace paramstore::cli {

/// Bins of equal width from the least to the largest finite value; the last holds its upper end too.
struct Histogram {
  double least = 0;
  double most = 0;
  std::vector<std::uint64_t> counts;  // empty where there is no finite value; one where all are the same
};

/// Of the `numel` elements at `value`; of complex ones, their magnitudes.
Histogram histogram(storage::Dtype dtype, const void* value, std::uint64_t numel, std::size_t bins);

/// A line a bin: from where to where, a bar, how many. At most `width` columns; bars of block elements, or of #.
std::vector<std::string> draw(const Histogram& histogram, std::size_t width, bool unicode);

}  // namespace paramstore::cli
