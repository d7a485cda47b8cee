// Constraints made of other constraints, and `dependent`, the placeholder.
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/constraint/describe.h"
#include "lib/constraint/families.h"
#include "lib/constraint/node.h"
#include "lib/constraint/reasons.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

using Map = at::Tensor (*)(const Transform::Node& node, const at::Tensor& tensor);

constexpr std::int64_t max_dims = 64;  // that LibTorch's operations iterate over

const Transform::Node& base_of(const Arguments& arguments) { return *node_of(arguments.constraint(0)); }

std::optional<std::int64_t> plus(const std::optional<std::int64_t>& dim, std::int64_t more) {
  return dim ? std::optional<std::int64_t>(*dim + more) : std::nullopt;
}

std::size_t part_count(const Arguments& arguments) { return arguments.constraints(0).size(); }

const Transform::Node& part(const Arguments& arguments, std::size_t index) {
  return *node_of(arguments.constraints(0)[index]);
}

// The largest of the parts', or nullopt if one is undefined.
std::optional<std::int64_t> largest(const Arguments& arguments,
                                    std::optional<std::int64_t> Transform::Node::*event_dim) {
  std::int64_t most = 0;
  for (std::size_t i = 0; i < part_count(arguments); ++i) {
    const std::optional<std::int64_t> dim = part(arguments, i).*event_dim;
    if (!dim) {
      return std::nullopt;
    }
    most = std::max(most, *dim);
  }
  return most;
}

std::optional<bool> any_discrete(const Arguments& arguments) {
  bool any = false;
  for (std::size_t i = 0; i < part_count(arguments); ++i) {
    if (!part(arguments, i).is_discrete) {
      return std::nullopt;
    }
    any = any || *part(arguments, i).is_discrete;
  }
  return any;
}

void require_parts_and_dim(const std::string& name, const Arguments& arguments) {
  if (part_count(arguments) == 0) {
    throw Error(name + " has no constraints, expected at least one");
  }
  if (arguments.integer(1) < -max_dims || arguments.integer(1) >= max_dims) {
    throw Error(name + "'s dim is " + std::to_string(arguments.integer(1)) + ", expected " + std::to_string(-max_dims) +
                " to " + std::to_string(max_dims - 1));
  }
}

// The dimension that the parts lie along, counted from the left.
std::int64_t along(const Arguments& arguments, const at::Tensor& tensor, std::int64_t length) {
  const std::int64_t given = arguments.integer(1);
  const std::int64_t dim = given < 0 ? given + tensor.dim() : given;
  TORCH_CHECK(dim >= 0 && dim < tensor.dim(), "dimension ", given, " of a tensor of ", tensor.dim(), " dimensions");
  TORCH_CHECK(tensor.size(dim) == length, "expected size ", length, " in dimension ", given);
  return dim;
}

// Parts with larger events have checks with fewer dimensions: reduce the other checks to match.
std::vector<at::Tensor> alike(std::vector<at::Tensor> checks) {
  std::int64_t dims = checks.front().dim();
  for (const at::Tensor& check : checks) {
    dims = std::min(dims, check.dim());
  }
  for (at::Tensor& check : checks) {
    check = check.dim() > dims ? check.flatten(dims).all(-1) : check;
  }
  return checks;
}

// The parts lie along a dimension of the event: it is inside if all of them are.
at::Tensor all_of(const std::vector<at::Tensor>& checks) {
  at::Tensor all = checks.front();
  for (const at::Tensor& check : checks) {
    all = all.logical_and(check);
  }
  return all;
}

std::int64_t total(const std::vector<std::int64_t>& lengths) {
  std::int64_t sum = 0;
  for (const std::int64_t length : lengths) {
    sum += length;
  }
  return sum;
}

std::vector<at::Tensor> cat_parts(const Arguments& arguments, const at::Tensor& tensor, std::int64_t dim, Map map) {
  std::vector<at::Tensor> parts;
  std::int64_t start = 0;
  for (std::size_t i = 0; i < part_count(arguments); ++i) {
    const std::int64_t length = arguments.integers(2)[i];
    parts.push_back(map(part(arguments, i), tensor.narrow(dim, start, length)));
    start += length;
  }
  return parts;
}

at::Tensor cat_map(const Arguments& arguments, const at::Tensor& tensor, Map map) {
  const std::int64_t dim = along(arguments, tensor, total(arguments.integers(2)));
  return at::cat(cat_parts(arguments, tensor, dim, map), arguments.integer(1));
}

at::Tensor cat_check(const Arguments& arguments, const at::Tensor& value) {
  const std::int64_t dim = along(arguments, value, total(arguments.integers(2)));
  const std::vector<at::Tensor> checks = alike(cat_parts(arguments, value, dim, check));
  return dim < checks.front().dim() ? at::cat(checks, dim) : all_of(checks);
}

std::vector<at::Tensor> stack_parts(const Arguments& arguments, const at::Tensor& tensor, std::int64_t dim, Map map) {
  std::vector<at::Tensor> parts;
  for (std::size_t i = 0; i < part_count(arguments); ++i) {
    parts.push_back(map(part(arguments, i), tensor.select(dim, static_cast<std::int64_t>(i))));
  }
  return parts;
}

at::Tensor stack_map(const Arguments& arguments, const at::Tensor& tensor, Map map) {
  const std::int64_t dim = along(arguments, tensor, static_cast<std::int64_t>(part_count(arguments)));
  return at::stack(stack_parts(arguments, tensor, dim, map), arguments.integer(1));
}

at::Tensor stack_check(const Arguments& arguments, const at::Tensor& value) {
  const std::int64_t dim = along(arguments, value, static_cast<std::int64_t>(part_count(arguments)));
  const std::vector<at::Tensor> checks = alike(stack_parts(arguments, value, dim, check));
  return dim <= checks.front().dim() ? at::stack(checks, dim) : all_of(checks);
}

// One more dimension if the parts, counted from the right, lie left of their events.
std::optional<std::int64_t> stack_event_dim(const Arguments& arguments, const std::optional<std::int64_t>& parts) {
  return parts && arguments.integer(1) + *parts < 0 ? plus(parts, 1) : parts;
}

// Of the events of `node` in `value`, the first that is outside among those at `index` of the check. Nothing if a bound
// stretches the check beyond the value.
std::optional<Index> first_outside(const Transform::Node& node, const at::Tensor& value, const Index& index) {
  const at::Tensor inside = check(node, value);
  const auto dims = static_cast<std::size_t>(inside.dim());
  if (dims < index.size() || inside.dim() > value.dim() || inside.sizes() != value.sizes().slice(0, dims)) return {};
  const auto rest = first_where(at_index(inside, index).logical_not());
  if (!rest) return {};
  Index place = index;
  place.insert(place.end(), rest->begin(), rest->end());
  return place;
}

Index without_beginning(const Index& index, std::size_t length) {
  return {index.begin() + static_cast<std::ptrdiff_t>(length), index.end()};
}

std::string event_with(const at::Tensor& event, const std::string& reason, const std::string& otherwise) {
  return "an event of shape " + shape_text(event) + " " + (reason.empty() ? otherwise : reason);
}

// Which of the base's events in independent's event is outside, and why.
std::string why_not_independent(const Arguments& arguments, const at::Tensor& value, const Index& index) {
  const Transform::Node& base = base_of(arguments);
  const auto place = first_outside(base, value, index);
  if (!place) return {};
  std::string reason = explain(base, value, *place);
  if (place->size() == index.size()) return reason;
  const at::Tensor event = at_index(value, *place);
  const std::string where = at_index_text(without_beginning(*place, index.size()));
  if (event.dim() == 0) return "which has " + element_text(event) + " " + where + (reason.empty() ? "" : ", " + reason);
  return "which has " + where + " " + event_with(event, reason, "outside " + the_constraint(base.tag));
}

// An event of a part of cat or stack, outside the part's constraint.
struct PartEvent {
  std::size_t part;
  at::Tensor event;
  Index place;         // in the event of the whole
  std::string reason;  // of the part's constraint; may be empty
  bool is_all;         // the event of the whole is this one
};

std::string which_has_in_part(const Arguments& arguments, const PartEvent& found) {
  const std::string in_part =
      "in part " + std::to_string(found.part) + ", " + the_constraint(part(arguments, found.part).tag);
  const std::string& reason = found.reason;
  if (found.is_all) return "which is " + in_part + (reason.empty() ? "" : ", and " + reason);
  const std::string where = found.place.empty() ? "" : " " + at_index_text(found.place);
  if (found.event.dim() == 0)
    return "which has " + element_text(found.event) + where + " " + in_part + (reason.empty() ? "" : ", " + reason);
  return "which has " + in_part + "," + where + " " + event_with(found.event, reason, "outside it");
}

// Which part of cat is violated, and why.
std::string why_not_cat(const Arguments& arguments, const at::Tensor& value, const Index& index) {
  const auto dim = static_cast<std::size_t>(along(arguments, value, total(arguments.integers(2))));
  std::int64_t start = 0;
  for (std::size_t i = 0; i < part_count(arguments); ++i) {
    const std::int64_t begin = start;
    const std::int64_t length = arguments.integers(2)[i];
    start += length;
    Index in_part = index;
    if (dim < index.size()) {
      if (index[dim] < begin || index[dim] >= start) continue;
      in_part[dim] -= begin;
    }
    const at::Tensor piece = value.narrow(static_cast<std::int64_t>(dim), begin, length);
    const auto place = first_outside(part(arguments, i), piece, in_part);
    if (!place) continue;
    Index whole = *place;
    if (dim < whole.size()) whole[dim] += begin;
    return which_has_in_part(
        arguments, {i, at_index(piece, *place), without_beginning(whole, index.size()),
                    explain(part(arguments, i), piece, *place), dim < index.size() && place->size() == index.size()});
  }
  return {};
}

// Which part of stack is violated, and why.
std::string why_not_stack(const Arguments& arguments, const at::Tensor& value, const Index& index) {
  const auto dim = static_cast<std::size_t>(along(arguments, value, static_cast<std::int64_t>(part_count(arguments))));
  const auto at_dim = [&](Index& place) { return place.begin() + static_cast<std::ptrdiff_t>(dim); };
  for (std::size_t i = 0; i < part_count(arguments); ++i) {
    Index in_part = index;
    if (dim < index.size()) {
      if (index[dim] != static_cast<std::int64_t>(i)) continue;
      in_part.erase(at_dim(in_part));
    }
    const at::Tensor slice = value.select(static_cast<std::int64_t>(dim), static_cast<std::int64_t>(i));
    const auto place = first_outside(part(arguments, i), slice, in_part);
    if (!place) continue;
    Index whole = *place;
    if (dim <= whole.size()) whole.insert(at_dim(whole), static_cast<std::int64_t>(i));
    return which_has_in_part(
        arguments, {i, at_index(slice, *place), without_beginning(whole, index.size()),
                    explain(part(arguments, i), slice, *place), dim < index.size() && whole.size() == index.size()});
  }
  return {};
}

}  // namespace

std::vector<ConstraintKind> compositions() {
  return {
      // torch.distributions.constraints._IndependentConstraint: the base's checks, reduced with "all" over the added
      // dimensions. IndependentTransform: the base's transform, for tensors with enough dimensions.
      ConstraintKind("independent")
          .documentation("base, with reinterpreted_batch_ndims more dimensions to an event")
          .prepare([](Arguments& arguments) {
            if (arguments.integer(1) < 0 || arguments.integer(1) > max_dims) {
              throw Error("independent's reinterpreted_batch_ndims is " + std::to_string(arguments.integer(1)) +
                          ", expected 0 to " + std::to_string(max_dims));
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
            TORCH_CHECK(inside.dim() >= dims, "expected ", dims, " dimensions beside those of the base's event");
            return dims == 0 ? inside : inside.flatten(-dims).all(-1);
          })
          .explain_at(why_not_independent)
          .transform([](const Arguments& arguments, const at::Tensor& u) { return constrain(base_of(arguments), u); },
                     [](const Arguments& arguments, const at::Tensor& y) { return unconstrain(base_of(arguments), y); })
          .is_identity([](const Arguments& arguments) { return base_of(arguments).is_identity; }),

      // torch.distributions.constraints._Cat, CatTransform. Checks are joined along dim of the value. The original joins
      // them along dim of the checks, which have no event dimensions: the same for a dim counted from the left; counted
      // from the right it names another dimension there (the last batch dimension where dim is -1), or none. And it
      // fails where events are of different dimensions, as in cat([simplex, real], -1, [3, 1]).
      ConstraintKind("cat")
          .documentation("each constraint for a piece of its length along dim, as torch::cat joins them")
          .prepare([](Arguments& arguments) {
            require_parts_and_dim("cat", arguments);
            const std::vector<std::int64_t>& lengths = arguments.integers(2);
            if (lengths.size() != part_count(arguments)) {
              throw Error("cat has " + std::to_string(part_count(arguments)) + " constraints and " +
                          std::to_string(lengths.size()) + " lengths, expected one length each");
            }
            for (const std::int64_t length : lengths) {
              constexpr std::int64_t most = std::int64_t{1} << 40;  // so that their sum does not overflow
              if (length < 0 || length > most) {
                throw Error("cat's length " + std::to_string(length) + " is invalid");
              }
            }
          })
          .event_dim([](const Arguments& arguments) { return largest(arguments, &Transform::Node::event_dim); })
          .unconstrained_event_dim(
              [](const Arguments& arguments) { return largest(arguments, &Transform::Node::unconstrained_event_dim); })
          .is_discrete(any_discrete)
          .check(cat_check)
          .explain_at(why_not_cat)
          .transform(
              [](const Arguments& arguments, const at::Tensor& u) { return cat_map(arguments, u, constrain); },
              [](const Arguments& arguments, const at::Tensor& y) { return cat_map(arguments, y, unconstrain); }),

      // torch.distributions.constraints._Stack, StackTransform. Checks are joined as cat's are.
      ConstraintKind("stack")
          .documentation("each constraint for one slice along dim, as torch::stack joins them")
          .prepare([](Arguments& arguments) { require_parts_and_dim("stack", arguments); })
          .event_dim([](const Arguments& arguments) {
            return stack_event_dim(arguments, largest(arguments, &Transform::Node::event_dim));
          })
          .unconstrained_event_dim([](const Arguments& arguments) {
            return stack_event_dim(arguments, largest(arguments, &Transform::Node::unconstrained_event_dim));
          })
          .is_discrete(any_discrete)
          .check(stack_check)
          .explain_at(why_not_stack)
          .transform(
              [](const Arguments& arguments, const at::Tensor& u) { return stack_map(arguments, u, constrain); },
              [](const Arguments& arguments, const at::Tensor& y) { return stack_map(arguments, y, unconstrain); }),

      // torch.distributions.constraints.MixtureSameFamilyConstraint: the base's check along the components of a mixture,
      // a dimension that the value lacks.
      ConstraintKind("MixtureSameFamilyConstraint")
          .documentation("inside base for all components of a mixture")
          .event_dim([](const Arguments& arguments) { return base_of(arguments).event_dim; })
          .is_discrete([](const Arguments& arguments) { return base_of(arguments).is_discrete; })
          .check([](const Arguments& arguments, const at::Tensor& value) {
            const std::int64_t event_dim = base_of(arguments).event_dim.value_or(0);
            const at::Tensor inside = check(base_of(arguments), value.unsqueeze(-1 - event_dim));
            return inside.flatten(value.dim() - event_dim).all(-1);
          }),

      // torch.distributions.constraints._Dependent without its arguments: a placeholder for a constraint that depends
      // on other variables.
      ConstraintKind("dependent")
          .documentation("depends on other variables")
          .event_dim([](const Arguments&) { return std::nullopt; })
          .is_discrete([](const Arguments&) { return std::nullopt; })
          .no_transform("it stands for a constraint that other variables decide on")
          .check([](const Arguments&, const at::Tensor&) -> at::Tensor {
            TORCH_CHECK(false, "it stands for a constraint that other variables decide on");
          }),
  };
}

namespace constraints {

Constraint independent(const Constraint& base, std::int64_t reinterpreted_batch_ndims) {
  return make_constraint("independent", {base, reinterpreted_batch_ndims});
}

Constraint cat(std::vector<Constraint> constraints, std::int64_t dim, std::vector<std::int64_t> lengths) {
  if (lengths.empty()) {
    lengths.assign(constraints.size(), 1);
  }
  return make_constraint("cat", {std::move(constraints), dim, std::move(lengths)});
}

Constraint stack(std::vector<Constraint> constraints, std::int64_t dim) {
  return make_constraint("stack", {std::move(constraints), dim});
}

// NOLINTNEXTLINE(readability-identifier-naming): its name in torch.distributions.constraints
Constraint MixtureSameFamilyConstraint(const Constraint& base) {
  return make_constraint("MixtureSameFamilyConstraint", {base});
}

}  // namespace constraints
}  // namespace paramstore
