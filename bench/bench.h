// A piece of work, and the ways of doing it that are compared.
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace bench {

/// One way of doing a work: "ours", or a peer's.
struct Side {
  std::string name;
  std::function<void(benchmark::State&)> run;
  /// How often `run` iterates in one round, timing itself with `time_each`. 0: Google Benchmark times it and chooses.
  int iterations = 0;
};

/// A work's sides run in turn, round after round, in one process, so that drift affects all of them.
struct Work {
  std::string name;
  int rounds;
  /// Makes what the sides need; it is kept until the last round ends.
  std::function<std::vector<Side>()> prepare;
};

/// All works, in the order of the table.
std::vector<Work> all_works();

std::vector<Work> get_works();
std::vector<Work> constraint_works();
std::vector<Work> set_works();
std::vector<Work> insert_works();
std::vector<Work> commit_works();
std::vector<Work> load_works();
std::vector<Work> sql_works();

/// The loop of a side that takes milliseconds: times `work`, but not what must run before and after it.
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
