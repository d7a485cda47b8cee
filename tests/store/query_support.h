// What the tests of ParamStore::query share.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>

#include "paramstore/error.h"
#include "paramstore/paramstore.h"
#include "store/temporary_store.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>

namespace paramstore {

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The message of the Error that `action` must throw.
template <class Kind = Error, class Action>
std::string message_of(const Action& action) {
  try {
    action();
  } catch (const Kind& error) {
    return error.what();
  }
  FAIL("no error");
  return {};
}

/// The first column of all rows, joined by spaces.
template <class... Arguments>
std::string column(const ParamStore& store, const std::string& sql, const Arguments&... arguments) {
  std::string joined;
  for (const auto& row : store.query(sql, arguments...)) {
    joined += (joined.empty() ? "" : " ") + row.template get<std::string>(0);
  }
  return joined;
}

template <class... Arguments>
std::int64_t number(const ParamStore& store, const std::string& sql, const Arguments&... arguments) {
  return store.query(sql, arguments...).one().template get<std::int64_t>(0);
}

inline std::int64_t count_of_params(const ParamStore& store) { return number(store, "SELECT count(*) FROM params"); }

/// A store with `w` [0 1 2], `b` [1 1] and a positive `scale`.
inline ParamStore small_store(const TemporaryStore& file, const StoreOptions& options = {}) {
  ParamStore store(file.path(), options);
  store.setdefault("w", at::arange(3, at::kFloat));
  store.setdefault("b", at::ones({2}));
  store.setdefault("scale", at::full({}, 2.0), constraints::positive);
  return store;
}

}  // namespace paramstore
