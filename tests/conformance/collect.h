// Names and warnings, in a form to compare.
#pragma once

#include <torch/ordered_dict.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "paramstore/param_store.h"
#include "store/warnings.h"

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

/// How many of the warnings contain `text`.
inline std::size_t mentions(const CapturedWarnings& warnings, const std::string& text) {
  const auto contains = [&](const std::string& message) { return message.find(text) != std::string::npos; };
  return static_cast<std::size_t>(std::count_if(warnings.messages.begin(), warnings.messages.end(), contains));
}
