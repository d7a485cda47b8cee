#include "lib/cli/values/histogram.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "lib/cli/terminal/readable_numbers.h"
#include "lib/numeric/elements.h"

namespace paramstore::cli {
namespace {

template <class Look>
void each_number(storage::Dtype dtype, const void* value, std::uint64_t numel, const Look& look) {
  for (std::uint64_t i = 0; i < numel; ++i) {
    const numeric::Element element = numeric::element_at(dtype, value, i);
    const double number = numeric::is_complex(dtype) ? std::hypot(element.real, element.imag) : element.real;
    if (std::isfinite(number)) look(number);
  }
}

std::string bar(double length, bool unicode) {
  constexpr const char* eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  std::string text;
  const auto whole = static_cast<std::size_t>(length);
  if (!unicode) return std::string(static_cast<std::size_t>(std::ceil(length)), '#');
  for (std::size_t i = 0; i < whole; ++i) text += "█";
  const auto rest = static_cast<std::size_t>(8 * (length - static_cast<double>(whole)));
  return text + (whole == 0 && rest == 0 && length > 0 ? eighths[1] : eighths[rest]);
}

std::size_t bar_width(double length, bool unicode) {
  const double whole = std::floor(length);
  const bool has_rest = unicode ? 8 * (length - whole) >= 1 || (whole == 0 && length > 0) : length > whole;
  return static_cast<std::size_t>(whole) + (has_rest ? 1 : 0);
}

std::string padded(const std::string& text, std::size_t width) {
  return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}

}  // namespace

Histogram histogram(storage::Dtype dtype, const void* value, std::uint64_t numel, std::size_t bins) {
  Histogram result;
  result.least = std::numeric_limits<double>::infinity();
  result.most = -result.least;
  each_number(dtype, value, numel, [&](double number) {
    result.least = std::min(result.least, number);
    result.most = std::max(result.most, number);
  });
  if (result.least > result.most) return {};
  result.counts.resize(result.least == result.most ? 1 : bins);
  // Halved, as the difference of two doubles may be infinite.
  const double half_range = result.most / 2 - result.least / 2;
  each_number(dtype, value, numel, [&](double number) {
    std::size_t bin = 0;
    if (half_range > 0) {
      const double part = (number / 2 - result.least / 2) / half_range;  // 0 to 1
      bin = std::min(static_cast<std::size_t>(part * static_cast<double>(bins)), result.counts.size() - 1);
    }
    ++result.counts[bin];
  });
  return result;
}

std::vector<std::string> draw(const Histogram& histogram, std::size_t width, bool unicode) {
  const std::size_t bins = histogram.counts.size();
  std::vector<std::string> lines;
  if (bins == 0) return lines;
  const std::uint64_t most = *std::max_element(histogram.counts.begin(), histogram.counts.end());
  std::vector<std::string> edges;
  std::size_t edge_width = 0;
  std::size_t count_width = std::to_string(most).size();
  for (std::size_t i = 0; i <= bins; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(bins);
    edges.push_back(rounded(histogram.least * (1 - part) + histogram.most * part, 4));
    edge_width = std::max(edge_width, edges.back().size());
  }
  const std::size_t taken = 2 * edge_width + count_width + 7;
  const double room = static_cast<double>(std::clamp<std::size_t>(width > taken ? width - taken : 0, 8, 50));
  for (std::size_t i = 0; i < bins; ++i) {
    const double length = room * static_cast<double>(histogram.counts[i]) / static_cast<double>(most);
    const std::string range = bins == 1 ? padded(edges[0], edge_width)
                                        : padded(edges[i], edge_width) + " .. " + padded(edges[i + 1], edge_width);
    const std::size_t gap =
        static_cast<std::size_t>(room) - std::min(bar_width(length, unicode), static_cast<std::size_t>(room));
    lines.push_back(range + "  " + bar(length, unicode) + std::string(gap, ' ') + " " +
                    padded(std::to_string(histogram.counts[i]), count_width));
  }
  return lines;
}

}  // namespace paramstore::cli
