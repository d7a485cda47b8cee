// ParamStore::add_new_to: parameters that are made after the optimizer.
#include <torch/optim/adagrad.h>
#include <torch/optim/lbfgs.h>
#include <torch/optim/optimizer.h>

#include <cstddef>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/param_store.h"

namespace paramstore {
namespace {

/// All optimizers but Adagrad make a parameter's state in their first step with it. Adagrad's constructor makes it, so
/// one of another Adagrad is taken.
void make_state(torch::optim::Optimizer& optimizer, const torch::optim::OptimizerParamGroup& group,
                const std::vector<at::Tensor>& leaves) {
  if (dynamic_cast<torch::optim::Adagrad*>(&optimizer) == nullptr) return;
  const auto& options = static_cast<const torch::optim::AdagradOptions&>(group.options());
  torch::optim::Adagrad fresh(leaves, options);
  for (auto& [key, state] : fresh.state()) optimizer.state()[key] = std::move(state);
}

}  // namespace

std::vector<std::string> ParamStore::add_new_to(torch::optim::Optimizer& optimizer,
                                                std::optional<std::size_t> group) const {
  auto& groups = optimizer.param_groups();
  const std::size_t number = group.value_or(groups.empty() ? 0 : groups.size() - 1);
  if (number >= groups.size()) {
    throw Error("add_new_to: the optimizer has " + std::to_string(groups.size()) +
                " parameter groups, and none with the number " + std::to_string(number) +
                "; give one below that, or add a group with add_param_group()");
  }
  std::unordered_set<const c10::TensorImpl*> known;
  for (const auto& each : groups) {
    for (const at::Tensor& tensor : each.params()) known.insert(tensor.unsafeGetTensorImpl());
  }

  std::vector<std::string> names;
  std::vector<at::Tensor> leaves;
  for (const auto& item : named_parameters()) {
    if (!known.insert(item.value().unsafeGetTensorImpl()).second) continue;
    names.push_back(item.key());
    leaves.push_back(item.value());
  }
  if (leaves.empty()) return names;

  if (dynamic_cast<torch::optim::LBFGS*>(&optimizer) != nullptr && !optimizer.state().empty()) {
    throw Error("add_new_to: an LBFGS that has made a step cannot get another parameter ('" + names.front() +
                "'), because its history is one of all parameters together; make a new optimizer over parameters()");
  }
  auto& target = groups[number];
  target.params().reserve(target.params().size() + leaves.size());
  make_state(optimizer, target, leaves);
  target.params().insert(target.params().end(), leaves.begin(), leaves.end());
  return names;
}

}  // namespace paramstore
