// Every constraint once or more, with something to feed its transform: what the tests of properties run over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace paramstore::testing {

/// What a transform forgets of an unconstrained tensor, so that its inverse cannot give it back.
enum class Forgets { nothing, shift, length, upper_triangle, upper_triangle_and_diagonal };

/// Which directions are linear, so that their gradients have none.
enum class Linear { neither, inverse, both };

struct TransformExample {
  std::string tag;
  std::vector<std::int64_t> event;  // the shape of one unconstrained event
  Forgets forgets = Forgets::nothing;
  std::vector<std::int64_t> constrained_event = event;
  Linear linear = Linear::neither;
};

inline std::vector<TransformExample> transform_examples() {
  return {
      {"real", {}},
      {"positive", {}},
      {"nonnegative", {}},
      {"softplus_positive", {}},
      {"greater_than(0.5)", {}},
      {"greater_than(float64[-1.0,0.0,2.0])", {3}},
      {"greater_than_eq(-2.0)", {}},
      {"less_than(0.5)", {}},
      {"less_than(float64[-1.0,0.0,2.0])", {3}},
      {"unit_interval", {}},
      {"interval(0.0, 1.0)", {}},
      {"interval(-1.0, 2.0)", {}},
      {"interval(float64[[-1.0],[0.0]], 3.0)", {2, 3}},
      {"half_open_interval(-1.0, 2.0)", {}},
      {"real_vector", {3}},
      {"simplex", {4}, Forgets::shift},
      {"sphere", {4}, Forgets::length, {4}, Linear::inverse},
      {"ordered_vector", {4}},
      {"ordered_vector", {1}},
      {"positive_ordered_vector", {3}},
      {"lower_cholesky", {3, 3}, Forgets::upper_triangle},
      {"softplus_lower_cholesky", {3, 3}, Forgets::upper_triangle},
      {"unit_lower_cholesky", {3, 3}, Forgets::upper_triangle_and_diagonal, {3, 3}, Linear::both},
      {"corr_cholesky", {1}, Forgets::nothing, {2, 2}},
      {"corr_cholesky", {6}, Forgets::nothing, {4, 4}},
      {"positive_definite", {3, 3}, Forgets::upper_triangle},
      {"positive_semidefinite", {2, 2}, Forgets::upper_triangle},
      {"corr_matrix", {3}, Forgets::nothing, {3, 3}},
      {"independent(positive, 1)", {4}},
      {"independent(interval(-1.0, 2.0), 2)", {2, 3}},
      {"independent(simplex, 1)", {2, 3}, Forgets::shift},
      {"independent(independent(lower_cholesky, 1), 0)", {2, 2, 2}, Forgets::upper_triangle},
      {"independent(corr_cholesky, 1)", {2, 3}, Forgets::nothing, {2, 3, 3}},
      {"stack([real, positive, unit_interval], -1)", {3}},
      {"stack([simplex, simplex], -2)", {2, 3}, Forgets::shift},
      {"cat([positive, real, less_than(0.0)], -1, [2, 0, 1])", {3}},
      {"cat([ordered_vector, real], -1, [3, 1])", {4}},
      {"independent(cat([stack([positive, real], -2), real], -2, [2, 3]), 1)", {5, 2}},
  };
}

}  // namespace paramstore::testing
