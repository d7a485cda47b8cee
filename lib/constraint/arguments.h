// The arguments of a constraint: what is between the parentheses of its tag.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

#include "lib/text/constraint_signatures.h"
#include "paramstore/constraint.h"

namespace paramstore {

/// The alternatives are in the order of ArgumentType.
using Argument = std::variant<Bound, std::int64_t, Constraint, std::vector<Constraint>, std::vector<std::int64_t>>;

/// A constraint's arguments, of the types in its signature, and what its entry precomputed from them.
class Arguments {
 public:
  Arguments() = default;
  explicit Arguments(std::vector<Argument> values) : values_(std::move(values)) {}

  std::size_t size() const noexcept { return values_.size(); }
  const Argument& operator[](std::size_t index) const { return values_[index]; }
  Argument& operator[](std::size_t index) { return values_[index]; }

  const Bound& bound(std::size_t index) const { return *std::get_if<Bound>(&values_[index]); }
  std::int64_t integer(std::size_t index) const { return std::get<std::int64_t>(values_[index]); }
  const Constraint& constraint(std::size_t index) const { return std::get<Constraint>(values_[index]); }
  const std::vector<Constraint>& constraints(std::size_t index) const {
    return std::get<std::vector<Constraint>>(values_[index]);
  }
  const std::vector<std::int64_t>& integers(std::size_t index) const {
    return std::get<std::vector<std::int64_t>>(values_[index]);
  }

  /// What `ConstraintKind::prepare` precomputed for check and transform.
  std::vector<Bound> prepared;

 private:
  std::vector<Argument> values_;
};

}  // namespace paramstore
