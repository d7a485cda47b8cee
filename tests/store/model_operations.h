// What may be done to a store and, alike, to its model. Each operation draws what exactly it does from `random`, does it to
// both, and throws where the store does or says something else than the model.
#pragma once

#include <string>
#include <vector>

#include "store/model_world.h"

namespace model {

struct Operation {
  const char* name;
  int weight;  // how often it comes, beside the others' weights
  void (*run)(World& world, Random& random);
};

/// Parameters by name and in place, commits and batches.
std::vector<Operation> parameter_operations();
/// States, saved files and scopes.
std::vector<Operation> state_operations();
/// Closing and opening, and other programs that use the same file.
std::vector<Operation> file_operations();

/// The names that parameters have.
inline const std::vector<std::string> names{
    "a",
    "b",
    "c",
    "loc",
    "encoder.layers.0.self_attention.in_proj_weight",  // longer than a string keeps in place
    "größe ✓",
    "z"};

}  // namespace model
