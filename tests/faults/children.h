// Attempts that may crash or hang are made in child processes.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace faults {

enum class Outcome : unsigned char {
  held,
  unguarded,  // what no checksum of this schema can notice
  lost,
};

struct Finding {
  Outcome outcome = Outcome::held;
  std::string what;  // of a loss
};

/// Calls `attempt` for 0 to `count` - 1 in a child, and `receive` here with what it returned. A child that dies, or that takes more
/// than `seconds` for one attempt, loses that attempt; another goes on behind it.
void attempt_in_children(std::size_t count, unsigned seconds, const std::function<Finding(std::size_t)>& attempt,
                         const std::function<void(std::size_t, const Finding&)>& receive);

}  // namespace faults
