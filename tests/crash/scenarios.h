// What a child is doing when it is killed, and what must then be true of the files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <vector>

#include "crash/child.h"

/// Every scenario counts: each transaction writes its number into every element that it writes. Where there is a
/// store already, it goes on from the number there.
struct Scenario {
  const char* name;
  /// Commits in a loop.
  void (*work)(const std::filesystem::path& folder, const Reporter& report);
  /// Checks the files, of which `reported` says how far they must be at least, by counter; throws where something is
  /// wrong. Returns how far they are.
  std::map<std::int32_t, std::int32_t> (*check)(const std::filesystem::path& folder);
  /// Whether each child begins with an empty folder.
  bool from_nothing = false;
  /// How many transactions may be there that were not reported: those that one loop makes between two reports.
  std::int32_t ahead = 1;
};

extern const std::vector<Scenario> scenarios;
