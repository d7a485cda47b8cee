// "Did you mean ...?"
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace paramstore {

/// The candidate that `name` most likely misspells, or nothing if none is close: at most one edit for each three bytes
/// of the longer of the two, and eight in all. An edit inserts, drops or replaces a byte, or swaps two neighbours; upper
/// and lower case only decide between equals. Returns the first of several equally close ones, never `name` itself.
std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace paramstore
