// From numbers to the bytes of a value: the other way round from elements.h.
#pragma once

#include <string>
#include <vector>

#include "lib/numeric/elements.h"
#include "paramstore/storage/dtype.h"

namespace paramstore::numeric {

/// The bytes of `numbers` as elements of `dtype`, each rounded to the nearest that there is, ties to even. Throws
/// Error for a finite number that would become infinite, and for an imaginary part where the dtype has none.
std::vector<char> encode(storage::Dtype dtype, const std::vector<Element>& numbers);

}  // namespace paramstore::numeric
