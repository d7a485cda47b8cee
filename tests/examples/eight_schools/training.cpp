#include "training.h"

#include <paramstore/param_store.h>
#include <torch/optim/adam.h>
#include <torch/types.h>
#include <torch/utils.h>
#include <unistd.h>

#include <cmath>
#include <iostream>

#include "model.h"
#include "sql.h"

namespace eight_schools {

void train(const std::string& path) {
  paramstore::ParamStore store(path);
  make_guide(store);
  const std::int64_t first = committed_step(path);
  std::cout << "  process " << getpid() << " trains from step " << first << std::endl;
  torch::manual_seed(static_cast<std::uint64_t>(first));  // other noise than before

  // The store keeps the parameters. Adam's own state (its running means) it does not keep yet: they build up again.
  torch::optim::Adam adam(store.parameters());
  double average = elbo(store, 100).item<double>();
  for (std::int64_t step = first + 1; step <= total_steps; ++step) {
    const double progress = static_cast<double>(step) / total_steps;
    static_cast<torch::optim::AdamOptions&>(adam.param_groups()[0].options()).lr(0.05 * std::pow(0.02, progress));

    adam.zero_grad();
    const auto objective = elbo(store, /*particles=*/32);
    (-objective).backward();
    adam.step();

    average += 0.01 * (objective.item<double>() - average);
    if (step % steps_between_commits == 0) {
      store.commit(paramstore::CommitOptions().step(step).message("process " + std::to_string(getpid()) + ", ELBO " +
                                                                  std::to_string(average)));
    }
  }
}

}  // namespace eight_schools
