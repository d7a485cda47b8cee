// The training process: the one that gets killed.
#pragma once

#include <cstdint>
#include <string>

namespace eight_schools {

constexpr std::int64_t total_steps = 20'000;
constexpr std::int64_t steps_between_commits = 100;

/// Trains from the step that the store at `path` has last committed, to the end.
void train(const std::string& path);

}  // namespace eight_schools
