// Constraints made of other constraints.
#include <optional>
#include <string>

#include "lib/constraint/families.h"
#include "lib/constraint/node.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

const Transform::Node& base_of(const Arguments& arguments) { return *node_of(arguments.constraint(0)); }

std::optional<std::int64_t> plus(const std::optional<std::int64_t>& dim, std::int64_t more) {
  return dim ? std::optional<std::int64_t>(*dim + more) : std::nullopt;
}

}  // namespace

std::vector<ConstraintKind> compositions() {
  return {
      // torch.distributions.constraints._IndependentConstraint: all of the base's checks along the dimensions that it
      // adds. IndependentTransform: the base's transform, for tensors of enough dimensions.
      ConstraintKind("independent",
                     {{"base", ArgumentType::constraint}, {"reinterpreted_batch_ndims", ArgumentType::integer}})
          .documentation("base, with reinterpreted_batch_ndims more dimensions to an event")
          .prepare([](Arguments& arguments) {
            constexpr std::int64_t most = 64;  // dimensions that LibTorch's operations iterate over
            if (arguments.integer(1) < 0 || arguments.integer(1) > most) {
              throw Error("independent's reinterpreted_batch_ndims is " + std::to_string(arguments.integer(1)) +
                          ", expected 0 to " + std::to_string(most));
            }
          })
          .event_dim(
              [](const Arguments& arguments) { return plus(base_of(arguments).event_dim, arguments.integer(1)); })
          .unconstrained_event_dim([](const Arguments& arguments) {
            return plus(base_of(arguments).unconstrained_event_dim, arguments.integer(1));
          })
          .is_discrete([](const Arguments& arguments) { return base_of(arguments).is_discrete; })
          .check([](const Arguments& arguments, const at::Tensor& value) {
            const at::Tensor inside = check(base_of(arguments), value);
            const std::int64_t dims = arguments.integer(1);
            return dims == 0 ? inside : inside.flatten(-dims).all(-1);
          })
          .transform([](const Arguments& arguments, const at::Tensor& u) { return constrain(base_of(arguments), u); },
                     [](const Arguments& arguments, const at::Tensor& y) { return unconstrain(base_of(arguments), y); })
          .is_identity([](const Arguments& arguments) { return base_of(arguments).is_identity; }),
  };
}

namespace constraints {

Constraint independent(const Constraint& base, std::int64_t reinterpreted_batch_ndims) {
  return make_constraint("independent", {base, reinterpreted_batch_ndims});
}

}  // namespace constraints
}  // namespace paramstore
