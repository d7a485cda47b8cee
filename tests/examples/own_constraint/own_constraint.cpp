#include <paramstore/paramstore.h>
#include <torch/torch.h>

#include <iostream>

int main() {
  // Angles from -pi to pi, by the arc tangent.
  paramstore::ConstraintDefinition definition;
  definition.check = [](const torch::Tensor& value) { return value.abs() < M_PI; };
  definition.forward = [](const torch::Tensor& unconstrained) { return 2 * unconstrained.atan(); };
  definition.inverse = [](const torch::Tensor& angle) { return (angle / 2).tan(); };
  const auto angle = paramstore::register_constraint("angle", definition);

  paramstore::ParamStore store("angles.params.db");
  store.setdefault("phase", torch::tensor({0.0, 3.0}), angle);
  std::cout << store["phase"][1].item<double>() << " is stored as " << store.unconstrained("phase")[1].item<double>()
            << " under " << store.constraint("phase").tag() << "\n";
  try {
    store.set("phase", torch::tensor({0.0, 4.0}));
  } catch (const paramstore::ConstraintViolation& error) {
    std::cout << "refused at index " << error.index()[0] << "\n";
  }
}
