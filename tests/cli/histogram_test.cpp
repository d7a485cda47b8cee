// Every finite value is in one bin, and the drawing fits.
#include "lib/cli/values/histogram.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "lib/cli/terminal/escape.h"

using namespace paramstore::cli;
using paramstore::storage::Dtype;

namespace {

Histogram of(const std::vector<double>& numbers, std::size_t bins = 10) {
  return histogram(Dtype::float64, numbers.data(), numbers.size(), bins);
}

}  // namespace

TEST_CASE("bins are of equal width and the last has the largest value") {
  const Histogram result = of({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 5);
  CHECK(result.least == 0);
  CHECK(result.most == 10);
  CHECK(result.counts == std::vector<std::uint64_t>{2, 2, 2, 2, 3});
}

TEST_CASE("equal values make one bin, and an empty value none") {
  CHECK(of({3, 3, 3}).counts == std::vector<std::uint64_t>{3});
  CHECK(of({}).counts.empty());
  CHECK(of({NAN, INFINITY}).counts.empty());
  CHECK(draw(of({}), 80, true).empty());
  CHECK(of({-std::numeric_limits<double>::max(), 0, std::numeric_limits<double>::max()}, 4).counts ==
        std::vector<std::uint64_t>{1, 0, 1, 1});
  CHECK(of({0, std::numeric_limits<double>::denorm_min()}).counts.size() == 10);
}

TEST_CASE("every finite value is counted once, and no line is wider than asked for") {
  const bool passed = rc::check("histogram", [](const std::vector<double>& numbers) {
    const Histogram result = of(numbers);
    const auto finite = static_cast<std::uint64_t>(
        std::count_if(numbers.begin(), numbers.end(), [](double each) { return std::isfinite(each); }));
    RC_ASSERT(std::accumulate(result.counts.begin(), result.counts.end(), std::uint64_t{0}) == finite);
    for (const bool unicode : {true, false}) {
      for (const std::string& line : draw(result, 80, unicode)) RC_ASSERT(display_width(line) <= 80);
    }
  });
  CHECK(passed);
}

TEST_CASE("a bin that is not empty is visible") {
  std::vector<double> numbers(10'000, 0.0);
  numbers.push_back(1);
  for (const bool unicode : {true, false}) {
    const auto lines = draw(of(numbers), 80, unicode);
    REQUIRE(lines.size() == 10);
    CHECK(lines.back().find(unicode ? "▏" : "#") != std::string::npos);
    CHECK(lines[5].find(unicode ? "▏" : "#") == std::string::npos);
  }
}
