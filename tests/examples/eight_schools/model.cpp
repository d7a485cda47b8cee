#include "model.h"

#include <cmath>

namespace eight_schools {
namespace {

namespace constraints = paramstore::constraints;

const double pi = std::acos(-1.0);

torch::Tensor normal_log_density(const torch::Tensor& x, const torch::Tensor& mean, const torch::Tensor& deviation) {
  return -0.5 * ((x - mean) / deviation).square() - deviation.log() - 0.5 * std::log(2 * pi);
}

torch::Tensor normal_log_density(const torch::Tensor& x, double mean, double deviation) {
  return normal_log_density(x, torch::full({}, mean), torch::full({}, deviation));
}

torch::Tensor half_cauchy_log_density(const torch::Tensor& x, double scale) {
  return std::log(2 / (pi * scale)) - (x / scale).square().log1p();
}

}  // namespace

torch::Tensor measured_effects() { return torch::tensor({28.0F, 8.0F, -3.0F, 7.0F, -1.0F, 1.0F, 18.0F, 12.0F}); }
torch::Tensor standard_errors() { return torch::tensor({15.0F, 10.0F, 16.0F, 11.0F, 9.0F, 11.0F, 10.0F, 18.0F}); }

void make_guide(paramstore::ParamStore& store) {
  auto batch = store.batch();  // all six or none, should we be killed right here
  store.setdefault("mu.mean", torch::zeros({1}));
  store.setdefault("mu.deviation", torch::ones({1}), constraints::positive);
  store.setdefault("log_tau.mean", torch::zeros({1}));
  store.setdefault("log_tau.deviation", torch::ones({1}), constraints::positive);
  store.setdefault("eta.mean", torch::zeros({school_count}));
  store.setdefault("eta.deviation", torch::ones({school_count}), constraints::positive);
  batch.commit();
}

Draws draw(const paramstore::ParamStore& store, int count) {
  // Noise that does not depend on the parameters, moved and stretched by them: so gradients pass through the samples.
  Draws draws;
  draws.mu = store["mu.mean"] + store["mu.deviation"] * torch::randn({count, 1});
  draws.log_tau = store["log_tau.mean"] + store["log_tau.deviation"] * torch::randn({count, 1});
  draws.tau = draws.log_tau.exp();
  draws.eta = store["eta.mean"] + store["eta.deviation"] * torch::randn({count, school_count});
  draws.theta = draws.mu + draws.tau * draws.eta;
  return draws;
}

torch::Tensor elbo(const paramstore::ParamStore& store, int particles) {
  const Draws draws = draw(store, particles);
  const auto log_joint = normal_log_density(draws.mu, 0, 5).sum(-1) +
                         (half_cauchy_log_density(draws.tau, 5) + draws.log_tau).sum(-1) +  // d tau / d log tau = tau
                         normal_log_density(draws.eta, 0, 1).sum(-1) +
                         normal_log_density(measured_effects(), draws.theta, standard_errors()).sum(-1);
  const auto entropy = store["mu.deviation"].log().sum() + store["log_tau.deviation"].log().sum() +
                       store["eta.deviation"].log().sum() + (2 + school_count) * 0.5 * (1 + std::log(2 * pi));
  return log_joint.mean() + entropy;
}

}  // namespace eight_schools
