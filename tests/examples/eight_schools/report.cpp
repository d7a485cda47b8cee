#include "report.h"

#include <paramstore/param_store.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <vector>

#include "model.h"
#include "sql.h"

namespace eight_schools {
namespace {

// The posterior without approximation, by numerical integration over mu and tau: what the guide is up against. A guide of
// independent normals leaves out that tau and the effects move together, and so pulls the schools closer to each other.
const char* const exact_schools[school_count] = {"6.2 +- 5.6", "4.9 +- 4.7", "3.9 +- 5.3", "4.8 +- 4.8",
                                                 "3.6 +- 4.7", "4.0 +- 4.8", "6.3 +- 5.1", "4.9 +- 5.3"};
const char* const exact_mu = "4.4 +- 3.3";
const char* const exact_tau = "3.6 +- 3.2";

void print_row(const std::string& name, const std::string& measured, const torch::Tensor& samples, const char* exact) {
  const auto bounds = samples.quantile(torch::tensor({0.05F, 0.95F}));
  std::printf("  %-10s %10s %7.1f %5.1f   %6.1f to %5.1f %14s\n", name.c_str(), measured.c_str(),
              samples.mean().item<double>(), samples.std().item<double>(), bounds[0].item<double>(),
              bounds[1].item<double>(), exact);
}

void ask(const std::string& path, const std::string& sql) {
  std::cout << "\n  sqlite> " << sql << ";\n";
  const Table table = query(path, sql);
  std::vector<std::size_t> widths(table[0].size());
  for (const auto& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : table) {
    std::cout << "  ";
    for (std::size_t i = 0; i < row.size(); ++i) std::cout << row[i] << std::string(widths[i] - row[i].size() + 2, ' ');
    std::cout << "\n";
  }
}

}  // namespace

void report_posterior(const std::string& path) {
  const paramstore::ParamStore store(path, paramstore::StoreOptions().read_only(true));
  const torch::NoGradGuard no_grad;
  torch::manual_seed(0);
  const Draws draws = draw(store, 100'000);
  std::printf("\n  %-10s %10s %7s %5s   %15s %14s\n", "", "measured", "mean", "sd", "90% interval", "exact");
  for (int j = 0; j < school_count; ++j) {
    const int effect = measured_effects()[j].item<int>();
    const int error = standard_errors()[j].item<int>();
    print_row(std::string("school ") + static_cast<char>('A' + j),
              std::to_string(effect) + " +- " + std::to_string(error), draws.theta.select(1, j), exact_schools[j]);
  }
  print_row("mu", "", draws.mu.select(1, 0), exact_mu);
  print_row("tau", "", draws.tau.select(1, 0), exact_tau);
  std::fflush(stdout);
}

void report_sql(const std::string& path) {
  ask(path, "SELECT id, name, constraint_tag, dtype, shape, nbytes, revision FROM param_list");
  ask(path,
      "SELECT count(*) AS commits, max(step) AS last_step, max(revision) AS revision, min(time) AS first, "
      "max(time) AS last FROM commits");
  ask(path, "SELECT revision, step, time, message FROM commits WHERE step % 1000 = 0");
  std::cout << std::endl;
}

}  // namespace eight_schools
