// A parameter that is in memory: what one call in a training loop costs.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <memory>
#include <unordered_map>

#include "bench.h"
#include "data.h"

namespace bench {
namespace {

using benchmark::DoNotOptimize;
using benchmark::State;
namespace constraints = paramstore::constraints;

constexpr int rounds = 15;
constexpr int many = 100;  // parameters besides the one requested

struct Stores {
  paramstore::ParamStore store = paramstore::ParamStore::in_memory();
  std::unordered_map<std::string, at::Tensor> map;
  std::string name = name_of(many / 2);
  at::Tensor leaf;

  Stores(const at::Tensor& value, const paramstore::Constraint& constraint) {
    for (int i = 0; i < many; ++i) store.setdefault(name_of(i), value, constraint);
    for (int i = 0; i < many; ++i) map.emplace(name_of(i), store.unconstrained(name_of(i)));
    leaf = store.unconstrained(name);
  }
};

Side get(const std::shared_ptr<Stores>& stores, bool grad) {
  return {"ours", [stores, grad](State& state) {
            const c10::AutoGradMode mode(grad);
            for (auto _ : state) DoNotOptimize(stores->store[stores->name]);
          }};
}

template <class Operation>
Side bare(const char* name, const std::shared_ptr<Stores>& stores, bool grad, Operation operation) {
  return {name, [stores, grad, operation](State& state) {
            const c10::AutoGradMode mode(grad);
            for (auto _ : state) DoNotOptimize(operation(stores->leaf));
          }};
}

std::vector<Side> get_real() {
  auto stores = std::make_shared<Stores>(at::randn({64}), constraints::real);
  return {get(stores, true), {"unordered_map", [stores](State& state) {
                                for (auto _ : state) {
                                  at::Tensor found = stores->map.find(stores->name)->second;
                                  DoNotOptimize(found);
                                }
                              }}};
}

std::vector<Side> get_positive(bool grad) {
  auto stores = std::make_shared<Stores>(at::rand({64}) + 0.1, constraints::positive);
  return {get(stores, grad), bare("exp", stores, grad, [](const at::Tensor& leaf) { return leaf.exp(); })};
}

std::vector<Side> get_simplex() {
  auto stores = std::make_shared<Stores>(at::softmax(at::randn({64}), -1), constraints::simplex);
  return {get(stores, true), bare("softmax", stores, true, [](const at::Tensor& leaf) { return leaf.softmax(-1); })};
}

std::vector<Side> get_lower_cholesky() {
  const at::Tensor factor = at::randn({8, 8}).tril(-1) + (at::rand({8}) + 0.1).diag();
  auto stores = std::make_shared<Stores>(factor, constraints::lower_cholesky);
  return {get(stores, true), bare("bare operations", stores, true,
                                  [](const at::Tensor& leaf) { return leaf.tril(-1) + leaf.diagonal().exp().diag(); })};
}

std::vector<Side> get_corr_cholesky() {
  const at::Tensor correlations = at::full({8, 8}, 0.5) + at::eye(8) * 0.5;
  auto stores = std::make_shared<Stores>(at::linalg_cholesky(correlations), constraints::corr_cholesky);
  return {get(stores, true)};
}

}  // namespace

std::vector<Work> get_works() {
  return {{"get/real", rounds, get_real},
          {"get/positive/grad", rounds, [] { return get_positive(true); }},
          {"get/positive/no_grad", rounds, [] { return get_positive(false); }},
          {"get/simplex", rounds, get_simplex},
          {"get/lower_cholesky", rounds, get_lower_cholesky},
          {"get/corr_cholesky", rounds, get_corr_cholesky}};
}

}  // namespace bench
