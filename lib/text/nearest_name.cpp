#include "lib/text/nearest_name.h"

#include <algorithm>
#include <numeric>

namespace paramstore {
namespace {

// Levenshtein's distance, or `limit` if it is at least that. `row` is room that calls share.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit, std::vector<std::size_t>& row) {
  if (a.size() >= b.size() + limit || b.size() >= a.size() + limit) return limit;
  row.resize(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    std::size_t least = row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
      least = std::min(least, row[j]);
    }
    if (least >= limit) return limit;
  }
  return std::min(row.back(), limit);
}

}  // namespace

std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string* best = nullptr;
  std::size_t limit = std::min(std::max<std::size_t>(2, name.size() / 3) + 1, name.size());
  std::vector<std::size_t> row;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(name, candidate, limit, row);
    if (distance >= limit) continue;
    limit = distance;
    best = &candidate;
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

}  // namespace paramstore
