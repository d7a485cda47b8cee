// The eight schools of Rubin (1981): how much did coaching raise the test scores in each of them?
//
//   mu    ~ Normal(0, 5)              the effect over all schools
//   tau   ~ HalfCauchy(5)             how much schools differ
//   eta_j ~ Normal(0, 1)              where school j lies among them
//   theta_j = mu + tau * eta_j        the effect in school j
//   y_j   ~ Normal(theta_j, sigma_j)  the effect measured there, with its standard error
//
// The guide, which variational inference fits to the posterior, takes mu, log tau and each eta_j as independent normals. Their
// means and standard deviations are the parameters: six of them in the store, the deviations under `positive`.
#pragma once

#include <paramstore/param_store.h>
#include <torch/types.h>

namespace eight_schools {

constexpr int school_count = 8;
torch::Tensor measured_effects();
torch::Tensor standard_errors();

/// Makes the guide's parameters where the store does not have them yet.
void make_guide(paramstore::ParamStore& store);

/// Samples from the guide: `count` rows each, theta and eta with a column for each school.
struct Draws {
  torch::Tensor mu, log_tau, tau, eta, theta;
};
Draws draw(const paramstore::ParamStore& store, int count);

/// An estimate, from so many draws, of the evidence lower bound: what training makes as large as it can.
torch::Tensor elbo(const paramstore::ParamStore& store, int particles);

}  // namespace eight_schools
