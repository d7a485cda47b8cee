// Allocations that fail: the nth call of malloc, calloc, realloc, posix_memalign, aligned_alloc or memalign, on any thread. Operator
// new calls malloc, and so does SQLite.
//
// allocations.cpp defines these functions in the program. Not together with sanitizers, which define them too.
#pragma once

namespace faults {

/// Fails the `n`th allocation from now on, and if `lasting` all that follow. 0: counts only.
void fail_allocation(long n, bool lasting);

struct AllocationsSeen {
  long count = 0;  // from the first to the call of `stop_failing_allocations`
  bool failed = false;
};
/// Allocations succeed again.
AllocationsSeen stop_failing_allocations();

}  // namespace faults
