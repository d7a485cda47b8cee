// The name that somebody meant who has mistyped one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace paramstore {

/// The one of `candidates` that takes the fewest single-character edits to become `name`, the first of equals. Empty if
/// none takes few enough to be a typing mistake: 2, or a third of the name's bytes, and never all of
/// them.
std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace paramstore
