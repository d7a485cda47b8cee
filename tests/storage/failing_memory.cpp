#include "storage/failing_memory.h"

#include <sqlite3.h>

#include <atomic>
#include <cstdlib>
#include <exception>
#include <new>

namespace {

std::atomic<bool> armed{false};
std::atomic<bool> lasting{false};
std::atomic<std::int64_t> left{0};  // allocations until the one that fails
std::atomic<bool> failed{false};

bool fails() noexcept {
  if (!armed.load(std::memory_order_relaxed)) return false;
  const std::int64_t now = left.fetch_sub(1) - 1;
  if (now > 0 || (now < 0 && !lasting)) return false;
  failed = true;
  return true;
}

sqlite3_mem_methods real;

void* allocate(int size) { return fails() ? nullptr : real.xMalloc(size); }
void* reallocate(void* old, int size) { return fails() ? nullptr : real.xRealloc(old, size); }

}  // namespace

// In place of the standard library's, for the libraries too.
void* operator new(std::size_t size) {
  void* const memory = fails() ? nullptr : std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return fails() ? nullptr : std::malloc(size == 0 ? 1 : size);
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t& none) noexcept { return operator new(size, none); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace paramstore::storage::testing {

void make_memory_fail() {
  static const bool done = [] {
    sqlite3_shutdown();
    if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) != SQLITE_OK) std::abort();
    sqlite3_mem_methods failing = real;
    failing.xMalloc = allocate;
    failing.xRealloc = reallocate;
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) != SQLITE_OK) std::abort();
    if (sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK) std::abort();
    return sqlite3_initialize() == SQLITE_OK;
  }();
  if (!done) std::abort();
}

Outcome run_short_of_memory(std::int64_t n, Shortage shortage, const std::function<void()>& call) {
  Outcome outcome;
  std::exception_ptr error;
  failed = false;
  left = n;
  lasting = shortage == Shortage::until_done;
  armed = true;
  try {
    call();
  } catch (...) {
    armed = false;
    error = std::current_exception();
  }
  armed = false;
  outcome.hit = failed;
  outcome.threw = error != nullptr;
  try {
    if (error) std::rethrow_exception(error);
  } catch (const std::exception& thrown) {
    outcome.message = thrown.what();
  }
  return outcome;
}

std::int64_t next_allocation(std::int64_t n) {
  static const bool every = std::getenv("PARAMSTORE_EVERY_ALLOCATION") != nullptr;
  return every || n < 4 ? n + 1 : n + n / 2 + 1;
}

}  // namespace paramstore::storage::testing
