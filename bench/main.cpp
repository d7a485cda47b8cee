// paramstore_bench [--filter=<text>] [--out=<file>] [Google Benchmark's options]
//
// Measures the works whose name contains the text, and writes {"<work>/<side>": [seconds of each round, ...], ...} to
// the file, as JSON.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <string_view>

#include "bench.h"

namespace {

using Times = std::map<std::string, std::vector<double>>;

/// Keeps the seconds of each run.
class Collector : public benchmark::BenchmarkReporter {
 public:
  explicit Collector(Times& times) : times_(times) {}
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      const std::string& name = run.run_name.function_name;
      times_[name].push_back(run.real_accumulated_time / static_cast<double>(run.iterations));
    }
  }

 private:
  Times& times_;
};

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

Times measure(const bench::Work& work) {
  const auto sides = work.prepare();
  for (const bench::Side& side : sides) {
    auto* registered = benchmark::RegisterBenchmark((work.name + "/" + side.name).c_str(), side.run);
    if (side.iterations > 0) {
      registered->Iterations(side.iterations)->UseManualTime();
    } else {
      registered->UseRealTime()->MinTime(0.05);
    }
  }
  Times warm_up;
  Collector unused(warm_up);
  benchmark::RunSpecifiedBenchmarks(&unused);
  Times times;
  Collector collector(times);
  for (int round = 0; round < work.rounds; ++round) benchmark::RunSpecifiedBenchmarks(&collector);
  benchmark::ClearRegisteredBenchmarks();
  return times;
}

void write(const std::string& path, const Times& times) {
  std::ofstream out(path);
  out.precision(9);
  const char* separator = "{\n  ";
  for (const auto& [name, rounds] : times) {
    out << separator << '"' << name << "\": [";
    for (std::size_t i = 0; i < rounds.size(); ++i) out << (i == 0 ? "" : ", ") << rounds[i];
    out << ']';
    separator = ",\n  ";
  }
  out << "\n}\n";
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  std::string filter;
  std::string out;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.substr(0, 9) == "--filter=") {
      filter = argument.substr(9);
    } else if (argument.substr(0, 6) == "--out=") {
      out = argument.substr(6);
    } else {
      std::cerr << "what is " << argument << "?\n";
      return 2;
    }
  }

  Times all;
  for (const bench::Work& work : bench::all_works()) {
    if (work.name.find(filter) == std::string::npos) continue;
    for (auto& [name, rounds] : measure(work)) {
      std::fprintf(stderr, "%-60s %12.3f us\n", name.c_str(), 1e6 * median(rounds));
      all[name] = std::move(rounds);
    }
  }
  if (!out.empty()) write(out, all);
}
