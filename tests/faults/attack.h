// What the programs that try every operation under every fault have in common.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "faults/fault.h"
#include "faults/figures.h"

namespace faults {

struct Attack {
  std::string name;  // of the class
  Faults faults;
  long picks = 0;         // how many chances of each series; 0: all
  std::size_t share = 1;  // each fault is tried in one of so many operations
  bool memory = false;    // whether it is allocations that fail
};

/// The attack that the command line names: memory, system-calls or disk-full. If this process may, it mounts a small disk at `folder`
/// for the last one. Ends the process with status 2 if it names none.
Attack attack_of(const Options& options, const std::filesystem::path& folder);

/// A value that was read and is wrong. Not an Error, so that nobody takes it for one.
struct WrongValue {
  std::string what;
};
/// Allocates nothing if the condition holds: what is required after a change must not fail for want of memory.
void require(bool condition, const char* what);

struct Call {
  bool failed = false;
  std::string error;
  std::string wrong;  // a wrong value, or an error of a kind that this fault must not cause
};

/// Whether the error says that the work is done and only its durability is not certain.
bool says_done(const Call& call);

/// `memory`: whether an exception because of failing memory is in order.
Call call_of(const std::function<void()>& run, bool memory);

}  // namespace faults
