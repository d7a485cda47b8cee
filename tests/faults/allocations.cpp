#include "faults/allocations.h"

#include <execinfo.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

// The sanitizers have allocators of their own; nothing asks for failing memory there.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PARAMSTORE_ALLOCATIONS_FAIL
#endif

// What glibc's own functions do.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace faults {
namespace {

std::atomic<bool> counting{false};
std::atomic<long> count{0};
std::atomic<long> failing{0};
std::atomic<bool> all_that_follow{false};
std::atomic<bool> failed{false};

#ifdef PARAMSTORE_ALLOCATIONS_FAIL
// Shows where the allocation was, for whoever looks into a loss: PARAMSTORE_FAULTS_TRACE in the environment.
void trace() {
  static const bool wanted = std::getenv("PARAMSTORE_FAULTS_TRACE") != nullptr;
  if (!wanted) return;
  static thread_local bool inside = false;
  if (inside) return;
  inside = true;
  const char line[] = "An allocation fails:\n";
  static_cast<void>(!::write(2, line, sizeof(line) - 1));
  void* frames[48];
  backtrace_symbols_fd(frames, backtrace(frames, 48), 2);
  inside = false;
}

bool fails() {
  if (!counting.load(std::memory_order_relaxed)) return false;
  const long number = ++count;
  const long first = failing;
  if (first == 0 || number < first || (number > first && !all_that_follow)) return false;
  failed = true;
  trace();
  errno = ENOMEM;
  return true;
}
#endif

}  // namespace

void fail_allocation(long n, bool lasting) {
  count = 0;
  failing = n;
  all_that_follow = lasting;
  failed = false;
  counting = true;
}

AllocationsSeen stop_failing_allocations() {
  counting = false;
  return {count, failed};
}

}  // namespace faults

#ifdef PARAMSTORE_ALLOCATIONS_FAIL
#pragma GCC visibility push(default)
extern "C" {

void* malloc(std::size_t size) noexcept { return faults::fails() ? nullptr : __libc_malloc(size); }

void* calloc(std::size_t count, std::size_t size) noexcept {
  return faults::fails() ? nullptr : __libc_calloc(count, size);
}

void* realloc(void* old, std::size_t size) noexcept { return faults::fails() ? nullptr : __libc_realloc(old, size); }

void* memalign(std::size_t alignment, std::size_t size) noexcept {
  return faults::fails() ? nullptr : __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  return faults::fails() ? nullptr : __libc_memalign(alignment, size);
}

int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept {
  void* const memory = faults::fails() ? nullptr : __libc_memalign(alignment, size);
  if (memory == nullptr) return ENOMEM;
  *result = memory;
  return 0;
}
}
#pragma GCC visibility pop
#endif
