// A piece of work, and the means of doing it that are compared.
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// One means of doing a work: "ours", or a peer.
struct Side {
  std::string name;
  std::function<void(benchmark::State&)> run;
  /// How often `run` iterates in one round, timing itself with `time_each`. 0: Google Benchmark times it and chooses.
  int iterations = 0;
};

/// A work's sides are run in turn, round after round, in one process: what drifts, drifts for all of them.
struct Work {
  std::string name;
  int rounds;
  /// Makes what the sides need, which is kept until the last round is over.
  std::function<std::vector<Side>()> prepare;
};

/// All works, in the order of the table.
std::vector<Work> all_works();

std::vector<Work> get_works();
std::vector<Work> constraint_works();
std::vector<Work> set_works();
std::vector<Work> commit_works();
std::vector<Work> load_works();
std::vector<Work> sql_works();

/// The loop of a side that takes milliseconds: times `work`, and not what has to be done before and after each time.
template <class Before, class Timed, class After>
void time_each(benchmark::State& state, Before&& before, Timed&& timed, After&& after) {
  for (auto _ : state) {
    before();
    const auto start = std::chrono::steady_clock::now();
    timed();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    state.SetIterationTime(taken.count());
    after();
  }
}

template <class Before, class Timed>
void time_each(benchmark::State& state, Before&& before, Timed&& timed) {
  time_each(state, std::forward<Before>(before), std::forward<Timed>(timed), [] {});
}

}  // namespace bench
