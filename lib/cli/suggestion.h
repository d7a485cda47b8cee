// What a message adds for somebody who has mistyped a name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace paramstore::cli {

/// "; did you mean x?" if one of `candidates` is close to `name`, else "; " and `otherwise`.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates,
                         const std::string& otherwise);

}  // namespace paramstore::cli
