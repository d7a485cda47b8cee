// An entry in the table of constraints: everything that makes a name a constraint.
//
// To add one, list its signature in lib/text/constraint_signatures.cpp, write an entry in the file of its family
// (half_lines.cpp, intervals.cpp, vectors.cpp, ...), and declare its name in include/paramstore/constraint.h. Parsing,
// writing, nesting, validation and messages follow from the entry.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/constraint/arguments.h"
#include "paramstore/constraint.h"

namespace paramstore {

/// Filled in by its setters, each returning the entry itself, then never changed again.
class ConstraintKind {
 public:
  /// A tensor made from another: a check or one direction of a transform. Tensors come in defined and with at least the
  /// dimensions of one event; checks run without gradient. What TORCH_CHECK throws reaches the user with the
  /// constraint's tag and the tensor's shape.
  using Map = std::function<at::Tensor(const Arguments& arguments, const at::Tensor& tensor)>;
  using Dimensions = std::function<std::optional<std::int64_t>(const Arguments& arguments)>;
  using Predicate = std::function<bool(const Arguments& arguments)>;
  using Discreteness = std::function<std::optional<bool>(const Arguments& arguments)>;
  using Explain = std::function<std::string(const Arguments& arguments, const at::Tensor& event)>;
  using ExplainAt = std::function<std::string(const Arguments& arguments, const at::Tensor& value,
                                              const std::vector<std::int64_t>& index)>;
  using Prepare = std::function<void(Arguments& arguments)>;

  /// Takes the arguments that lib/text/constraint_signatures.cpp lists for this name. A user's name is not there and
  /// takes none.
  explicit ConstraintKind(std::string name);

  const std::string& name() const noexcept { return name_; }
  /// Valid as long as this.
  ConstraintSignature signature() const { return {name_, parameters_}; }
  const std::vector<Parameter>& parameters() const noexcept { return parameters_; }

  /// The set, the map onto it, and the source of the formula. Shown in messages about wrong arguments.
  ConstraintKind& documentation(std::string text) { return set(documentation_, std::move(text)); }
  const std::string& documentation() const noexcept { return documentation_; }

  /// How many rightmost dimensions make one value; nullopt if undefined (`dependent`). Default: 0.
  ConstraintKind& event_dim(std::int64_t dim) {
    return event_dim([dim](const Arguments&) { return dim; });
  }
  ConstraintKind& event_dim(Dimensions function) { return set(event_dim_, std::move(function)); }
  const Dimensions& event_dim() const noexcept { return event_dim_; }

  /// The same for the unconstrained tensor. Default: as event_dim. Differs if the map changes the shape: vector to
  /// matrix.
  ConstraintKind& unconstrained_event_dim(std::int64_t dim) {
    return unconstrained_event_dim([dim](const Arguments&) { return dim; });
  }
  ConstraintKind& unconstrained_event_dim(Dimensions function) {
    return set(unconstrained_event_dim_, std::move(function));
  }
  const Dimensions& unconstrained_event_dim() const noexcept {
    return unconstrained_event_dim_ ? unconstrained_event_dim_ : event_dim_;
  }

  /// nullopt if undefined. Default: false.
  ConstraintKind& discrete() {
    return is_discrete([](const Arguments&) { return true; });
  }
  ConstraintKind& is_discrete(Discreteness function) { return set(is_discrete_, std::move(function)); }
  const Discreteness& is_discrete() const noexcept { return is_discrete_; }

  /// Runs once, when a constraint is made: throws Error if the arguments are inconsistent, and may store what check and
  /// transform need in `Arguments::prepared`. Default: nothing to do.
  ConstraintKind& prepare(Prepare function) { return set(prepare_, std::move(function)); }
  const Prepare& prepare() const noexcept { return prepare_; }

  ConstraintKind& check(Map function) { return set(check_, std::move(function)); }
  const Map& check() const noexcept { return check_; }

  /// Whether all elements pass, computed without LibTorch: for a small tensor, calling LibTorch takes most of a check's
  /// time. False if some do not, or if their type is one that this does not know; then `check` decides. Only for
  /// checks that look at each element by itself. The elements are contiguous. Default: none.
  using AllPass = bool (*)(at::ScalarType type, const void* elements, std::size_t count);
  ConstraintKind& all_pass(AllPass function) { return set(all_pass_, function); }
  AllPass all_pass() const noexcept { return all_pass_; }

  /// Why an event that the check refuses is outside: a clause of reasons.h such as "which sums to 1.2", or nothing. The
  /// event is on the CPU and has no NaN. Default: the event is shown without a reason.
  ConstraintKind& explain(Explain function) { return set(explain_, std::move(function)); }
  const Explain& explain() const noexcept { return explain_; }

  /// The same for a constraint made of others, for which it matters where in `value` the event is: at `index` the check
  /// of `value` is false. The value is on the CPU.
  ConstraintKind& explain_at(ExplainAt function) { return set(explain_at_, std::move(function)); }
  const ExplainAt& explain_at() const noexcept { return explain_at_; }

  /// The transform of torch.distributions' transform_to registry.
  ConstraintKind& transform(Map forward, Map inverse) {
    forward_ = std::move(forward);
    return set(inverse_, std::move(inverse));
  }
  const Map& forward() const noexcept { return forward_; }
  const Map& inverse() const noexcept { return inverse_; }

  /// Why there is no transform: a clause for the end of a message. Default: torch.distributions registers none.
  ConstraintKind& no_transform(std::string reason) { return set(no_transform_reason_, std::move(reason)); }
  const std::string& no_transform_reason() const noexcept { return no_transform_reason_; }

  /// Whether the transform returns its argument itself. Default: false.
  ConstraintKind& is_identity(Predicate function) { return set(is_identity_, std::move(function)); }
  const Predicate& is_identity() const noexcept { return is_identity_; }

 private:
  template <typename Field>
  ConstraintKind& set(Field& field, Field value) {
    field = std::move(value);
    return *this;
  }

  std::string name_;
  std::vector<Parameter> parameters_;
  std::string documentation_;
  Dimensions event_dim_ = [](const Arguments&) { return std::int64_t{0}; };
  Dimensions unconstrained_event_dim_;
  Discreteness is_discrete_ = [](const Arguments&) { return false; };
  Prepare prepare_;
  Map check_;
  AllPass all_pass_ = nullptr;
  Explain explain_;
  ExplainAt explain_at_;
  Map forward_;
  Map inverse_;
  std::string no_transform_reason_ = "torch.distributions registers none for it";
  Predicate is_identity_ = [](const Arguments&) { return false; };
};

/// A constraint of this kind. Normalizes bounds, prepares, and writes the tag. Throws Error if the arguments are
/// invalid or the tag would exceed the limits of tag_limits.h. If an argument is an unknown constraint, the result is
/// unknown too. `kind` must live forever, as the registry's do.
Constraint make_constraint(const ConstraintKind& kind, std::vector<Argument> arguments);

/// The same of a built-in, by name.
Constraint make_constraint(std::string_view name, std::vector<Argument> arguments);

}  // namespace paramstore
