// What this processor can do beyond what the library is compiled for.
#pragma once

// Clang 14 cannot ask a processor whether it has F16C.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define PARAMSTORE_X86_INTRINSICS

#include <immintrin.h>

namespace paramstore::numeric {

inline bool has_avx2_f16c_fma() noexcept {
  static const bool has =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("f16c") && __builtin_cpu_supports("fma");
  return has;
}

}  // namespace paramstore::numeric
#endif
