#include <paramstore/paramstore.h>
#include <torch/torch.h>

#include <iostream>

int main() {
  paramstore::ParamStore store("model.params.db");  // opens, or creates
  store.setdefault("loc", torch::zeros({}));
  store.setdefault("scale", torch::ones({}), paramstore::constraints::positive);
  std::cout << "starting from loc " << store["loc"].item<float>() << "\n";

  const auto data = torch::tensor({2.1F, 2.9F, 3.4F, 3.8F, 2.6F});
  torch::optim::Adam optimizer(store.parameters(), 0.05);
  for (int step = 1; step <= 500; ++step) {
    optimizer.zero_grad();
    const auto scale = store["scale"];  // positive, with a graph back to its leaf
    (((data - store["loc"]) / scale).square() / 2 + scale.log()).sum().backward();
    optimizer.step();                                                           // moves the leaves, in memory
    if (step % 100 == 0) store.commit(paramstore::CommitOptions().step(step));  // writes what moved
  }
}
