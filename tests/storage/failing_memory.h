// Memory that runs out: at the n-th allocation, of SQLite or by operator new, of this whole program.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace paramstore::storage::testing {

enum class Shortage {
  once,        // that allocation fails, the next one succeeds
  until_done,  // and all after it, until the call is done
};

/// Makes SQLite ask for each piece of memory, so that each can be refused. Call it before SQLite is used.
void make_memory_fail();

/// Runs `call`; its n-th allocation fails, counted from 1 and on all threads. Returns whether it came to that many.
/// Passes on what `call` throws; std::bad_alloc and the library's own errors are what is expected.
struct Outcome {
  bool hit = false;
  bool threw = false;
  std::string message;
};
Outcome run_short_of_memory(std::int64_t n, Shortage shortage, const std::function<void()>& call);

/// How far to go to the next n: each of the first ones is tried, then more and more are passed over, unless the variable
/// PARAMSTORE_EVERY_ALLOCATION is set.
std::int64_t next_allocation(std::int64_t n);

}  // namespace paramstore::storage::testing
