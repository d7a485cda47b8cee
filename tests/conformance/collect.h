// Ranges and dictionaries as vectors, to compare them.
#pragma once

#include <torch/ordered_dict.h>

#include <algorithm>
#include <string>
#include <vector>

#include "paramstore/param_store.h"

using Names = std::vector<std::string>;

inline Names names_of(const paramstore::ParamStore& store) {
  const auto range = store.keys();
  return {range.begin(), range.end()};
}

template <class Value>
Names names_of(const torch::OrderedDict<std::string, Value>& dictionary) {
  return dictionary.keys();
}

inline Names sorted(Names names) {
  std::sort(names.begin(), names.end());
  return names;
}
