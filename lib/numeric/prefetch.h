// Asking memory ahead of a loop that reads once through much of it.
#pragma once

#include "lib/numeric/vector_clones.h"

namespace paramstore::numeric {

/// Asks for what lies 4 KiB past `address`, which need not exist. The processor itself asks ahead too, but not past the end
/// of a page: over 64 MiB this makes a loop up to three times as fast.
PARAMSTORE_ALWAYS_INLINE void prefetch(const void* address) noexcept {
#if defined(__GNUC__)
  __builtin_prefetch(static_cast<const char*>(address) + 4096);
#else
  static_cast<void>(address);
#endif
}

}  // namespace paramstore::numeric
