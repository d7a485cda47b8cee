#include "lib/cli/suggestion.h"

#include "lib/cli/terminal/escape.h"
#include "lib/text/nearest_name.h"

namespace paramstore::cli {

std::string did_you_mean(std::string_view name, const std::vector<std::string>& candidates,
                         const std::string& otherwise) {
  const auto close = nearest(name, candidates);
  return close ? "; did you mean " + shown_name(*close) + "?" : "; " + otherwise;
}

}  // namespace paramstore::cli
