// IEEE 754 half-precision numbers to floats.
#pragma once

#include <cstddef>

namespace paramstore::numeric {

/// `count` numbers of 2 bytes each, at any address. Exact. Uses the processor's instruction where it has one.
void decode_float16(const unsigned char* source, std::size_t count, float* out) noexcept;

/// The same on any processor.
void decode_float16_portably(const unsigned char* source, std::size_t count, float* out) noexcept;

}  // namespace paramstore::numeric
