// SIGKILL at any moment loses nothing that was committed, and leaves nothing half done.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>

#include "crash/child.h"
#include "crash/scenarios.h"

namespace {

namespace fs = std::filesystem;

constexpr const char* pipe_variable = "PARAMSTORE_CRASH_PIPE";

int number_from_environment(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text && *text ? std::atoi(text) : otherwise;
}

class Killer {
 public:
  explicit Killer(const Scenario& scenario)
      : scenario_(scenario), folder_(fs::absolute(std::string("kills of ") + scenario.name)) {
    fs::create_directory(folder_);
  }
  const fs::path& folder() const { return folder_; }

  /// Lets the child work for a while that `random` decides, kills it, and checks what is left.
  void kill(Child& child, std::mt19937& random) {
    // Some of them while they begin, most in the middle of the loop.
    if (random() % 3 == 0) {
      child.listen(1000000, std::chrono::microseconds(random() % 20000));
    } else {
      child.listen(1 + random() % 12, std::chrono::seconds(30));
      child.listen(1000000, std::chrono::microseconds(random() % 6000));
    }
    INFO(scenario_.name);
    const std::string failure = child.kill();
    REQUIRE(failure == "");
    for (const Done& done : child.done()) reported_[done.counter] = done.value;
    std::map<std::int32_t, std::int32_t> found;
    REQUIRE_NOTHROW(found = scenario_.check(folder_));
    for (const auto& [counter, value] : reported_) {
      CAPTURE(counter);
      CHECK(found[counter] >= value);  // what was reported is there
      CHECK(found[counter] <= value + scenario_.ahead);
    }
    commits += child.done().size();
    for (const auto& [counter, value] : found) reported_[counter] = value;
    if (scenario_.from_nothing) {
      fs::remove_all(folder_);
      fs::create_directory(folder_);
      reported_.clear();
    }
  }

  std::size_t commits = 0;

 private:
  const Scenario& scenario_;
  const fs::path folder_;
  std::map<std::int32_t, std::int32_t> reported_;
};

TEST_CASE("a process that is killed at any moment loses nothing it has committed") {
  const int kills = number_from_environment("PARAMSTORE_CRASH_KILLS", 200);
  std::mt19937 random(static_cast<unsigned>(number_from_environment("PARAMSTORE_CRASH_SEED", 1)));
  std::size_t commits = 0;
  for (std::size_t i = 0; i < scenarios.size(); ++i) {
    const Scenario& scenario = scenarios[i];
    Killer killer(scenario);
    const int share = kills / static_cast<int>(scenarios.size()) +
                      (static_cast<int>(i) < kills % static_cast<int>(scenarios.size()) ? 1 : 0);
    for (int k = 0; k < share; ++k) {
      Child child([&](const Reporter& report) { scenario.work(killer.folder(), report); });
      killer.kill(child, random);
    }
    commits += killer.commits;
  }
  MESSAGE(kills << " kills, " << commits << " commits");
  CHECK(commits > static_cast<std::size_t>(kills));  // they were killed at work
}

TEST_CASE("the same with processes that were executed, not forked") {
  std::mt19937 random(2);
  for (const Scenario& scenario : scenarios) {
    Killer killer(scenario);
    setenv("PARAMSTORE_CRASH_SCENARIO", scenario.name, 1);
    setenv("PARAMSTORE_CRASH_FOLDER", killer.folder().c_str(), 1);
    Child child({"crash_tests", "--no-skip", "--test-case=child"}, pipe_variable);
    child.listen(1, std::chrono::seconds(30));
    killer.kill(child, random);
    CHECK(killer.commits > 0);
  }
}

TEST_CASE("child" * doctest::skip()) {
  const char* pipe = std::getenv(pipe_variable);
  if (!pipe) return;
  for (const Scenario& scenario : scenarios) {
    if (scenario.name != std::string(std::getenv("PARAMSTORE_CRASH_SCENARIO"))) continue;
    scenario.work(std::getenv("PARAMSTORE_CRASH_FOLDER"), Reporter(std::atoi(pipe)));
  }
}

}  // namespace
