// The set that a parameter's values must lie in.
//
// The names, the checks and the transforms are those of torch.distributions.constraints and
// pyro.distributions.constraints, so that a stored unconstrained tensor means the same number in both.
//
//   using namespace paramstore;
//   constraints::positive                                   // an object
//   constraints::interval(-1.0, 2.0)                        // a family
//   constraints::independent(constraints::positive, 1)      // built from others
//   Constraint::parse("interval(-1.0, 2.0)")                // from a store's constraint_tag column
//
// Tags. A constraint is a name, or a name with arguments: `positive`, `interval(-1.0, 2.0)`. An argument is
//   a number    `0.5`, `-3`, `1e-300`, `inf`, `-inf`. Written as Python's repr writes a float: the shortest text that
//               reads back to the same double, always with a point or an exponent.
//   an integer  `1`
//   a tensor    its dtype, then its elements as JSON arrays: `float32[0.5,1.0]`, `float64[[0.0],[1.5]]`. Without
//               dimensions: `float32(0.5)`. Without elements: `float32[]` and its shape, `float32[](2,0)`. Elements are
//               written as numbers of their own dtype. The dtypes are float16, bfloat16, float32, float64, int8, uint8,
//               int16, int32 and int64.
//   a constraint, or a list in brackets of constraints or of integers: `cat([simplex, real], -1, [3, 1])`
// Numbers are JSON's, and `inf`; names are ASCII letters, digits and underscores. Spaces may stand between any two of
// these; `tag()` has one after each comma between arguments. A tag is at most 1 MiB long, and 64 parentheses and
// brackets deep.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/export.h"
#include "paramstore/transform.h"

namespace paramstore {

/// A set of tensors, described by a text that round-trips: the tag. A value: cheap to copy, immutable, safe to use from
/// several threads. Two constraints are equal when their tags are.
class PARAMSTORE_EXPORT Constraint {
 public:
  /// Reads a tag. A name that this process does not know (see `register_constraint`), also among the arguments, gives
  /// an unknown constraint: it can be stored and compared, but `check`, `event_dim`, `is_discrete` and `transform_to`
  /// throw UnknownConstraint until the name is registered. It keeps its text; a known constraint's is normalized, so
  /// `parse("interval(0,1)")` equals `interval(0.0, 1.0)`. An invalid tag, or a known name with the wrong arguments,
  /// throws UnknownConstraint with the position of the first error.
  static Constraint parse(std::string_view tag);

  /// The text of the `constraint_tag` column: "interval(-1.0, 2.0)". `parse(tag())` is equal to this.
  const std::string& tag() const noexcept;

  /// How many of the rightmost dimensions make one value: 0 for `positive`, 1 for `simplex`, 2 for `lower_cholesky`.
  /// Throws UnknownConstraint if this process does not know the constraint, and Error if the constraint does not define
  /// it (`dependent`).
  std::int64_t event_dim() const;

  /// Whether the values are isolated points. Throws as `event_dim` does.
  bool is_discrete() const;

  /// Whether each value lies inside: a bool tensor of the value's shape without its last `event_dim()` dimensions,
  /// broadcast with tensor bounds. No gradient. Throws UnknownConstraint as `event_dim` does, UnsupportedTensor if the
  /// tensor is undefined, and Error if it has fewer dimensions than an event or does not broadcast with a bound.
  at::Tensor check(const at::Tensor& value) const;

  /// False for a tag that this process does not know.
  bool is_known() const noexcept;

  friend bool operator==(const Constraint& a, const Constraint& b) noexcept { return a.tag() == b.tag(); }
  friend bool operator!=(const Constraint& a, const Constraint& b) noexcept { return !(a == b); }

  struct Node;  // lib/constraint: the kind, its arguments, the tag, the transform
  explicit Constraint(std::shared_ptr<const Node> node) noexcept;

 private:
  friend PARAMSTORE_EXPORT Transform transform_to(const Constraint& constraint);
  friend const std::shared_ptr<const Node>& node_of(const Constraint& constraint) noexcept;
  std::shared_ptr<const Node> node_;
};

/// A bound of a constraint: a number, or a tensor that broadcasts against the value. A constraint keeps a tensor as a
/// detached copy on the CPU, writes it into the tag with its dtype, and moves it to a value's device. Making a
/// constraint with an invalid bound throws Error: NaN, or a tensor that is undefined, complex, bool, sparse or
/// quantized. A number is a double; an integer that a double cannot hold exactly (beyond 2^53) throws Error: pass an
/// int64 tensor. A tensor may broadcast a value to a larger shape, but check and transform throw Error if the result
/// has more than 2^24 elements and 64 times the elements of both.
class Bound {
 public:
  template <typename Number, std::enable_if_t<std::is_arithmetic_v<Number> && !std::is_same_v<Number, bool>, int> = 0>
  Bound(Number number) : value_(exactly(number)) {}        // NOLINT(google-explicit-constructor): interval(0, 1)
  Bound(at::Tensor tensor) : value_(std::move(tensor)) {}  // NOLINT(google-explicit-constructor)

  /// The number, or null if the bound is a tensor.
  const double* number() const noexcept { return std::get_if<double>(&value_); }
  /// The tensor, or null if the bound is a number.
  const at::Tensor* tensor() const noexcept { return std::get_if<at::Tensor>(&value_); }

 private:
  template <typename Number>
  static double exactly(Number number) {
    const auto value = static_cast<double>(number);
    if constexpr (std::is_integral_v<Number>) {
      if (static_cast<long double>(value) != static_cast<long double>(number)) {
        throw Error("the bound " + std::to_string(number) +
                    " is an integer that no double holds: pass a tensor of int64");
      }
    }
    return value;
  }

  std::variant<double, at::Tensor> value_;
};

/// What a user's own constraint consists of. `check` and `event_dim` are needed; without `forward` and `inverse` the
/// constraint can be stored and checked but has no transform. The functions are called from any thread that uses the
/// constraint, `check` without gradient; a tensor they get has at least `event_dim` dimensions, and `forward`'s at least
/// `unconstrained_event_dim`.
struct ConstraintDefinition {
  std::int64_t event_dim = 0;
  bool is_discrete = false;
  std::function<at::Tensor(const at::Tensor& value)> check;
  std::function<at::Tensor(const at::Tensor& unconstrained)> forward;
  std::function<at::Tensor(const at::Tensor& constrained)> inverse;
  /// Of an unconstrained event, if the transform changes the event's shape (vector to matrix). Default: as `event_dim`.
  std::optional<std::int64_t> unconstrained_event_dim = std::nullopt;
};

/// Registers `name` as a constraint in this process: `Constraint::parse(name)` then finds it, also in stores that are
/// already open. `name` is a letter or underscore followed by letters, digits and underscores. Returns the constraint.
/// Throws Error if the name is invalid or taken (a built-in or registered constraint, `inf`, `nan`, a dtype), if
/// `check` is missing, if only one of `forward` and `inverse` is given, or if `event_dim` is negative. A name stays
/// registered until the process ends.
PARAMSTORE_EXPORT Constraint register_constraint(std::string_view name, ConstraintDefinition definition);

namespace constraints {

// The objects are inline, each initialized where this header is included, so that a global of any file may use them.
//
// Each comment gives the set, then the transform from an unconstrained u if there is one, then the event dim if it is
// not 0. Bounds and sets are those of torch.distributions.constraints, or of pyro.distributions.constraints if marked
// "Pyro's"; the transforms are what `transform_to` returns there. lib/constraint/*.cpp names the original of each.

// Numbers.

/// Any number but NaN. Identity.
inline PARAMSTORE_EXPORT const Constraint real = Constraint::parse("real");
/// x > 0. exp(u).
inline PARAMSTORE_EXPORT const Constraint positive = Constraint::parse("positive");
/// x >= 0. exp(u).
inline PARAMSTORE_EXPORT const Constraint nonnegative = Constraint::parse("nonnegative");
/// x > 0, by another map than `positive`: softplus(u) = log(1 + exp(u)). Pyro's.
inline PARAMSTORE_EXPORT const Constraint softplus_positive = Constraint::parse("softplus_positive");
/// 0 <= x <= 1. sigmoid(u), clamped to [tiny, 1 - eps] of its dtype, so that neither bound is ever reached.
inline PARAMSTORE_EXPORT const Constraint unit_interval = Constraint::parse("unit_interval");

/// x > lower_bound. lower_bound + exp(u).
PARAMSTORE_EXPORT Constraint greater_than(const Bound& lower_bound);
/// x >= lower_bound. lower_bound + exp(u).
PARAMSTORE_EXPORT Constraint greater_than_eq(const Bound& lower_bound);
/// x < upper_bound. upper_bound - exp(u).
PARAMSTORE_EXPORT Constraint less_than(const Bound& upper_bound);
/// lower_bound <= x <= upper_bound. lower_bound + (upper_bound - lower_bound) * sigmoid(u), the sigmoid clamped as in
/// `unit_interval`. Bounds in the wrong order are accepted, as in PyTorch: no value passes the check.
PARAMSTORE_EXPORT Constraint interval(const Bound& lower_bound, const Bound& upper_bound);
/// lower_bound <= x < upper_bound. As `interval`.
PARAMSTORE_EXPORT Constraint half_open_interval(const Bound& lower_bound, const Bound& upper_bound);

// Isolated points. They can be stored as tags and checked, but have no transform: no gradient leads to them.

/// 0 or 1.
inline PARAMSTORE_EXPORT const Constraint boolean = Constraint::parse("boolean");
/// Integers. Pyro's.
inline PARAMSTORE_EXPORT const Constraint integer = Constraint::parse("integer");
/// Integers from 0.
inline PARAMSTORE_EXPORT const Constraint nonnegative_integer = Constraint::parse("nonnegative_integer");
/// Integers from 1.
inline PARAMSTORE_EXPORT const Constraint positive_integer = Constraint::parse("positive_integer");
/// 0 or 1 along the last dimension, summing to 1. Event dim 1.
inline PARAMSTORE_EXPORT const Constraint one_hot = Constraint::parse("one_hot");
/// Integers from lower_bound to upper_bound, both included.
PARAMSTORE_EXPORT Constraint integer_interval(const Bound& lower_bound, const Bound& upper_bound);
/// x >= 0 along the last dimension, summing to upper_bound at most. As in PyTorch, need not be integers. Event dim 1.
PARAMSTORE_EXPORT Constraint multinomial(const Bound& upper_bound);

// Vectors: the last dimension. Event dim 1.

/// Any numbers but NaN. Identity.
inline PARAMSTORE_EXPORT const Constraint real_vector = Constraint::parse("real_vector");
/// Non-negative, summing to 1 within 1e-6. softmax(u).
inline PARAMSTORE_EXPORT const Constraint simplex = Constraint::parse("simplex");
/// Of length 1 within 10 eps sqrt(n). u / |u|, and (1, 0, ..., 0) for the zero vector; the inverse is the vector itself.
/// Pyro's.
inline PARAMSTORE_EXPORT const Constraint sphere = Constraint::parse("sphere");
/// Increasing. x[0] = u[0], x[i] = x[i - 1] + exp(u[i]). Pyro's.
inline PARAMSTORE_EXPORT const Constraint ordered_vector = Constraint::parse("ordered_vector");
/// Positive and increasing. exp of the transform of `ordered_vector`. Pyro's; its event dim is 0 there, and here.
inline PARAMSTORE_EXPORT const Constraint positive_ordered_vector = Constraint::parse("positive_ordered_vector");

// Matrices: the last two dimensions. Event dim 2.

/// Zero above the diagonal. No transform.
inline PARAMSTORE_EXPORT const Constraint lower_triangular = Constraint::parse("lower_triangular");
/// Lower triangular with a positive diagonal. u below the diagonal, exp(u) on it.
inline PARAMSTORE_EXPORT const Constraint lower_cholesky = Constraint::parse("lower_cholesky");
/// The same set. u below the diagonal, softplus(u) on it. Pyro's.
inline PARAMSTORE_EXPORT const Constraint softplus_lower_cholesky = Constraint::parse("softplus_lower_cholesky");
/// Lower triangular with ones on the diagonal. u below the diagonal; the inverse is the matrix itself. Pyro's.
inline PARAMSTORE_EXPORT const Constraint unit_lower_cholesky = Constraint::parse("unit_lower_cholesky");
/// Lower triangular with a positive diagonal and rows of length 1 within 10 eps n: Cholesky factors of correlation
/// matrices. From vectors of n (n - 1) / 2 numbers, the lower triangle row by row: with t = tanh(u),
/// x[i][j] = t[i][j] sqrt((1 - t[i][0]^2) ... (1 - t[i][j - 1]^2)).
inline PARAMSTORE_EXPORT const Constraint corr_cholesky = Constraint::parse("corr_cholesky");
/// The older name that Pyro keeps for it.
inline const Constraint& corr_cholesky_constraint = corr_cholesky;
/// As many rows as columns. No transform.
inline PARAMSTORE_EXPORT const Constraint square = Constraint::parse("square");
/// Equal to its transpose, within 1e-6 + 1e-5 |x|. No transform.
inline PARAMSTORE_EXPORT const Constraint symmetric = Constraint::parse("symmetric");
/// Symmetric, with no eigenvalue below 0. L L^T, where L is the transform of `lower_cholesky`.
inline PARAMSTORE_EXPORT const Constraint positive_semidefinite = Constraint::parse("positive_semidefinite");
/// Symmetric, with a Cholesky factor. L L^T, where L is the transform of `lower_cholesky`.
inline PARAMSTORE_EXPORT const Constraint positive_definite = Constraint::parse("positive_definite");
/// Positive definite with ones on the diagonal within 1e-6: correlation matrices. L L^T, where L is the transform of
/// `corr_cholesky`, so from vectors. Pyro's.
inline PARAMSTORE_EXPORT const Constraint corr_matrix = Constraint::parse("corr_matrix");

// Made of others.

/// `base` with its event extended by `reinterpreted_batch_ndims` more dimensions to the left: checks reduce over them
/// with "all". Throws Error if that number is negative or above 64, LibTorch's limit on dimensions.
PARAMSTORE_EXPORT Constraint independent(const Constraint& base, std::int64_t reinterpreted_batch_ndims);
/// Each constraint applies to a piece of its length along `dim`; without lengths, each is 1. Its event dim is the
/// largest of theirs. A check tells for each element along `dim` whether it is inside; if `dim` is part of an event,
/// whether the whole event is. Throws Error if there are no constraints, or not one length for each.
PARAMSTORE_EXPORT Constraint cat(std::vector<Constraint> constraints, std::int64_t dim = 0,
                                 std::vector<std::int64_t> lengths = {});
/// Each constraint applies to one slice along `dim`. Its event dim is the largest of theirs, plus one if `dim` is
/// negative and left of their events. Checks are joined as in `cat`, so they keep `dim`. Throws Error if there are no
/// constraints.
PARAMSTORE_EXPORT Constraint stack(std::vector<Constraint> constraints, std::int64_t dim = 0);
/// Inside `base` for all components of a mixture, whose dimension is inserted left of the event. No transform.
// NOLINTNEXTLINE(readability-identifier-naming): its name in torch.distributions.constraints
PARAMSTORE_EXPORT Constraint MixtureSameFamilyConstraint(const Constraint& base);
/// Placeholder for a constraint that depends on other variables: `event_dim`, `is_discrete` and `check` throw Error,
/// and there is no transform.
inline PARAMSTORE_EXPORT const Constraint dependent = Constraint::parse("dependent");

}  // namespace constraints
}  // namespace paramstore
