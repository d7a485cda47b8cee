// The whole demo, as `./run demo` runs it.
#include <doctest/doctest.h>
#include <stdio.h>
#include <sys/wait.h>

#include <cmath>
#include <map>
#include <regex>
#include <string>

namespace {

std::string run_demo() {
  FILE* pipe = popen(EIGHT_SCHOOLS " schools.params.db 2>&1", "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) output += static_cast<char>(c);
  const int status = pclose(pipe);
  INFO(output);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 0);
  return output;
}

struct Row {
  double mean, deviation;
};

/// The posterior's table: "school A  28 +- 15  6.1  5.0  -1.2 to 15.6"
std::map<std::string, Row> posterior(const std::string& output) {
  static const std::regex line(
      R"(\n  (school [A-H]|mu|tau) +(?:-?\d+ \+- \d+)? +(-?[\d.]+) +([\d.]+) +-?[\d.]+ to +-?[\d.]+)");
  std::map<std::string, Row> rows;
  for (std::sregex_iterator match(output.begin(), output.end(), line), end; match != end; ++match) {
    rows[(*match)[1]] = {std::stod((*match)[2]), std::stod((*match)[3])};
  }
  return rows;
}

}  // namespace

TEST_CASE(
    "the demo is killed half way, resumes from its last commit, ends at the known posterior, and reports so "
    "afterwards") {
  const std::string first = run_demo();
  INFO(first);
  std::smatch match;
  REQUIRE(std::regex_search(first, match, std::regex("killed by SIGKILL; the file's last commit is step (\\d+)")));
  const long killed_at = std::stol(match[1]);
  CHECK(killed_at >= 10000);
  CHECK(killed_at < 20000);
  CHECK(first.find("trains from step 0\n") != std::string::npos);
  CHECK(first.find("trains from step " + std::to_string(killed_at) + "\n") != std::string::npos);
  CHECK(first.find("step 20000 of 20000") != std::string::npos);

  // The exact posterior, by numerical integration: mu 4.4 +- 3.3, tau 3.6 +- 3.2, school A 6.2 +- 5.6, C 3.9 +- 5.3,
  // E 3.6 +- 4.7. A mean-field guide finds the means nearly, and spreads that are somewhat small.
  const auto rows = posterior(first);
  REQUIRE(rows.size() == 10);
  const auto check = [&](const std::string& name, double mean, double tolerance, double least, double most) {
    CAPTURE(name);
    const Row row = rows.at(name);
    CHECK(std::abs(row.mean - mean) < tolerance);
    CHECK(row.deviation > least);
    CHECK(row.deviation < most);
  };
  check("mu", 4.4, 0.5, 2.8, 3.6);
  check("tau", 3.6, 1.2, 1.5, 3.6);
  check("school A", 6.2, 1.5, 4.0, 6.0);
  check("school B", 4.9, 0.7, 4.0, 5.2);
  check("school C", 3.9, 0.7, 4.0, 5.6);
  check("school E", 3.6, 0.8, 4.0, 5.2);
  CHECK(rows.at("school A").mean > rows.at("school C").mean);

  CHECK(first.find("eta.deviation") != std::string::npos);
  CHECK(first.find("positive") != std::string::npos);

  const std::string second = run_demo();
  INFO(second);
  CHECK(second.find("is trained already (20000 steps)") != std::string::npos);
  CHECK(second.find("rm schools.params.db") != std::string::npos);
  CHECK(second.find("trains from") == std::string::npos);
  CHECK(posterior(second).size() == 10);
}
