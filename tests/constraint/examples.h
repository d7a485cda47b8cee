// Every constraint once or more, with something to feed its transform: what the tests of properties run over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace paramstore::testing {

struct TransformExample {
  std::string tag;
  std::vector<std::int64_t> event;  // the shape of one unconstrained event
};

inline std::vector<TransformExample> transform_examples() {
  return {
      {"real", {}},
      {"positive", {}},
      {"greater_than(0.5)", {}},
      {"greater_than(float64[-1.0,0.0,2.0])", {3}},
      {"unit_interval", {}},
      {"interval(0.0, 1.0)", {}},
      {"interval(-1.0, 2.0)", {}},
      {"interval(float64[[-1.0],[0.0]], 3.0)", {2, 3}},
      {"simplex", {4}},
      {"lower_cholesky", {3, 3}},
      {"independent(positive, 1)", {4}},
      {"independent(interval(-1.0, 2.0), 2)", {2, 3}},
      {"independent(simplex, 1)", {2, 3}},
      {"independent(independent(lower_cholesky, 1), 0)", {2, 2, 2}},
  };
}

}  // namespace paramstore::testing
