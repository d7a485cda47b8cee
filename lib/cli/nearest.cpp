#include "lib/cli/nearest.h"

#include <algorithm>
#include <numeric>

namespace paramstore::cli {
namespace {

// Levenshtein's distance.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string> nearest(const std::string& name, const std::vector<std::string>& names) {
  const std::string* best = nullptr;
  std::size_t least = std::max<std::size_t>(2, name.size() / 3) + 1;
  constexpr std::size_t enough = 2000;
  for (std::size_t i = 0; i < names.size() && i < enough; ++i) {
    const std::string& other = names[i];
    if (other.size() > name.size() + least || name.size() > other.size() + least) continue;
    const std::size_t distance = edit_distance(name, other);
    if (distance >= least) continue;
    least = distance;
    best = &other;
  }
  return best == nullptr ? std::nullopt : std::optional(*best);
}

}  // namespace paramstore::cli
