// The name that was probably meant.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace paramstore::cli {

/// The one of `names` that the fewest edits of single characters turn `name` into, if few enough of them do. Compares with
/// the first 2000: an error message must not take seconds.
std::optional<std::string> nearest(const std::string& name, const std::vector<std::string>& names);

}  // namespace paramstore::cli
