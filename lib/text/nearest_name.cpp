#include "lib/text/nearest_name.h"

#include <algorithm>
#include <cstddef>

namespace paramstore {
namespace {

// An edit costs more than any number of letters of the other case, so that case only decides between equals.
constexpr std::size_t edit = std::size_t{1} << 16;
constexpr std::size_t other_case = 1;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::size_t replacing(char a, char b) { return a == b ? 0 : lower(a) == lower(b) ? other_case : edit; }

// What a misspelling of this length may cost.
std::size_t most_for(std::size_t longer) { return std::min<std::size_t>(longer / 3, 8) * edit + (edit - 1); }

// Damerau-Levenshtein distance (optimal string alignment), or `most + 1` if it is above `most`. Keeps three rows and
// computes only the cells near the diagonal, so that thousands of long names cost little.
class Distance {
 public:
  std::size_t operator()(std::string_view a, std::string_view b, std::size_t most) {
    const std::size_t too_far = most + 1;
    const std::size_t band = most / edit;
    if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > band) return too_far;
    for (auto* row : {&before_, &previous_, &current_}) row->assign(b.size() + 1, too_far);
    for (std::size_t j = 0; j <= std::min(band, b.size()); ++j) current_[j] = j * edit;
    for (std::size_t i = 1; i <= a.size(); ++i) {
      std::swap(before_, previous_);
      std::swap(previous_, current_);
      std::fill(current_.begin(), current_.end(), too_far);
      if (i <= band) current_[0] = i * edit;
      std::size_t least = current_[0];
      for (std::size_t j = i > band ? i - band : 1; j <= std::min(b.size(), i + band); ++j) {
        std::size_t cost = previous_[j - 1] + replacing(a[i - 1], b[j - 1]);
        cost = std::min({cost, previous_[j] + edit, current_[j - 1] + edit});
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
          cost = std::min(cost, before_[j - 2] + edit);
        current_[j] = std::min(cost, too_far);
        least = std::min(least, current_[j]);
      }
      // A swap reaches two rows back, so one hopeless row does not end the search; the last two do.
      if (least > most && *std::min_element(previous_.begin(), previous_.end()) > most) return too_far;
    }
    return current_[b.size()];
  }

 private:
  std::vector<std::size_t> before_;
  std::vector<std::size_t> previous_;
  std::vector<std::size_t> current_;
};

}  // namespace

std::optional<std::string> nearest(std::string_view name, const std::vector<std::string>& candidates) {
  Distance distance;
  const std::string* best = nullptr;
  std::size_t best_cost = 0;
  for (const std::string& candidate : candidates) {
    if (candidate == name) continue;
    std::size_t most = most_for(std::max(name.size(), candidate.size()));
    if (best != nullptr) most = std::min(most, best_cost - 1);
    const std::size_t cost = distance(name, candidate, most);
    if (cost > most) continue;
    best = &candidate;
    best_cost = cost;
  }
  return best != nullptr ? std::optional<std::string>(*best) : std::nullopt;
}

}  // namespace paramstore
