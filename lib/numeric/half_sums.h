// Sums of 16-bit floating-point numbers and of their squares, in float64.
#pragma once

#include <cstddef>

#include "paramstore/storage/dtype.h"

namespace paramstore::numeric {

/// Which sums are wanted: a set of bits.
enum PowerSum : unsigned { power_sum_first = 1U << 0, power_sum_second = 1U << 1 };

struct PowerSums {
  double first;   // of x
  double second;  // of x * x
};

/// Of `count` numbers of float16 or bfloat16, at any address; 0 where not `wanted`. Uses the processor's vector
/// instructions where it has them.
///
/// The squares of such numbers are exact in a double, and so are the sums of some thousand numbers or squares whose
/// magnitudes lie within a factor of 2^10. Where they lie within one of 2^4, count * second - first * first is exact too,
/// for some thousand; where they do not, too little of it cancels to matter.
PowerSums power_sums_of_halves(storage::Dtype dtype, unsigned wanted, const unsigned char* source,
                               std::size_t count) noexcept;

/// The same on any processor.
PowerSums power_sums_of_halves_portably(storage::Dtype dtype, unsigned wanted, const unsigned char* source,
                                        std::size_t count) noexcept;

}  // namespace paramstore::numeric
