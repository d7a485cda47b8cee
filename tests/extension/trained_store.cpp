// Writes a store as a training program leaves it, for the questions of lib/sql/QUESTIONS.md:
//
//   trained_store <folder>
//
// makes <folder>/model.params.db, and <folder>/yesterday.params.db, a copy from before the last steps. The model is a
// regression with a hidden layer, of which some things have gone wrong, as they do.
#include <ATen/ATen.h>
#include <paramstore/paramstore.h>
#include <torch/optim.h>

#include <filesystem>
#include <iostream>

namespace {

void train(paramstore::ParamStore& store, const at::Tensor& x, const at::Tensor& y, int from, int to) {
  std::vector<at::Tensor> leaves;
  for (const char* name : {"encoder.weight", "encoder.bias", "decoder.weight", "noise.scale"}) {
    leaves.push_back(store.unconstrained(name));
  }
  torch::optim::Adam optimizer(leaves, 0.05);
  for (int step = from; step < to; ++step) {
    optimizer.zero_grad();
    const at::Tensor hidden = at::tanh(at::addmm(store["encoder.bias"], x, store["encoder.weight"].t()));
    const at::Tensor scale = store["noise.scale"];
    const at::Tensor loss = ((at::mv(hidden, store["decoder.weight"]) - y) / scale).square().mean() / 2 + scale.log();
    loss.backward();
    optimizer.step();
  }
  store.commit(paramstore::CommitOptions().step(to).message("trained to step " + std::to_string(to)));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: trained_store <folder>\n";
    return 2;
  }
  namespace constraints = paramstore::constraints;
  const std::filesystem::path folder = argv[1];
  at::manual_seed(1);
  const at::Tensor x = at::randn({64, 3});
  const at::Tensor y = x.select(1, 0) - 0.5 * x.select(1, 1) + 0.1 * at::randn({64});

  paramstore::ParamStore store(folder / "model.params.db");
  store.setdefault("encoder.weight", at::randn({4, 3}));
  store.setdefault("encoder.bias", at::zeros({4}));
  store.setdefault("decoder.weight", at::randn({4}));
  store.setdefault("noise.scale", at::ones({}), constraints::positive);
  store.setdefault("prior.scale", at::ones({3}), constraints::positive);
  store.setdefault("mixture", at::full({4}, 0.25), constraints::simplex);
  store.setdefault("unused", at::zeros({2}));
  store.setdefault("diverged", at::zeros({2, 2}, at::kHalf));
  store.setdefault("overflowed", at::zeros({5}, at::kDouble));
  train(store, x, y, 0, 100);
  store.save(folder / "yesterday.params.db");

  store.erase("unused");
  store.setdefault("temperature", at::full({}, 0.7), constraints::unit_interval);
  {
    const at::NoGradGuard no_gradient;
    // A hidden unit that is dead: it gives nothing, and gets no gradient.
    for (const char* name : {"encoder.weight", "encoder.bias", "decoder.weight"}) store.unconstrained(name)[2].zero_();
    store.unconstrained("prior.scale")[1].fill_(-20.0);
    store.unconstrained("diverged")[1][0].fill_(std::numeric_limits<double>::quiet_NaN());
    store.unconstrained("overflowed")[3].fill_(-std::numeric_limits<double>::infinity());
  }
  train(store, x, y, 100, 200);
  return 0;
}
