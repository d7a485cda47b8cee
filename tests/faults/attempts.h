// Attempts in processes of their own, so that one that dies or hangs is counted and the rest goes on.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "faults/figures.h"

namespace faults {

struct Attempted {
  long chances = 0;       // that the fault had, until it was disarmed
  bool happened = false;  // the fault
  std::string lost;       // what was not as it must be; empty if all held
};

/// The same call under the same fault, at its 1st, 2nd, ... chance.
struct Series {
  std::string label;
  /// n = 0: without the fault, to count its chances. Throws nothing.
  std::function<Attempted(long n)> attempt;
};

/// Tries every series at n = 1, 2, ... until the fault no longer happens, if `picks` is 0. Otherwise at most `picks` chances of each
/// series, spread over all of them. `command` goes into the instructions to reproduce a loss.
void try_all(const std::vector<Series>& series, const std::string& only, long picks, const std::string& command,
             Figures& figures);

}  // namespace faults
