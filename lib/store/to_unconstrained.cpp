#include "lib/store/to_unconstrained.h"

#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cstring>
#include <sstream>
#include <utility>

#include "lib/constraint/describe.h"
#include "lib/store/leaf.h"
#include "lib/store/named_errors.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

bool expands_to(at::IntArrayRef from, at::IntArrayRef to) {
  return from.size() <= to.size() &&
         std::equal(from.rbegin(), from.rend(), to.rbegin(), [](auto a, auto b) { return a == b || a == 1; });
}

/// "-1.5 at index [0, 2]", "the event of shape [3] at index [1]"; only the index if the check's shape says too little.
std::string describe_element(const at::Tensor& value, const at::Tensor& inside, const std::vector<std::int64_t>& index,
                             std::int64_t event_dim) {
  std::ostringstream text;
  // What a check takes together are its constraint's events, but for a few that say another event_dim; a bound with
  // more dimensions, or longer ones, stretches the value.
  const bool each = inside.sizes() == value.sizes();
  const std::int64_t together = std::max(value.dim() - inside.dim(), each ? 0 : event_dim);
  std::vector<std::int64_t> shape = inside.sizes().vec();
  if (together <= value.dim()) {
    const auto event = value.sizes().slice(static_cast<std::size_t>(value.dim() - together));
    shape.insert(shape.end(), event.begin(), event.end());
  }
  if (expands_to(value.sizes(), shape)) {
    at::Tensor element = value.detach().expand(shape);
    for (std::int64_t i : index) element = element[i];
    if (element.dim() > 0) {
      text << "the event of shape " << element.sizes();
    } else {
      text.precision(9);
      if (element.is_complex()) {
        text << element.to(at::kComplexDouble).item().toComplexDouble();
      } else {
        text << element.to(at::kDouble).item().toDouble();
      }
    }
    text << " ";
  }
  text << "at index [";
  for (std::size_t i = 0; i < index.size(); ++i) text << (i ? ", " : "") << index[i];
  text << "]";
  return text.str();
}

/// As inside.all().item().toBool(), which takes several times as long for a small tensor.
bool all_true(const at::Tensor& inside) {
  if (inside.scalar_type() != at::kBool || !inside.is_contiguous()) return inside.all().item().toBool();
  return inside.numel() == 0 || std::memchr(inside.data_ptr(), 0, inside.nbytes()) == nullptr;
}

void require_inside(const ScopeState& scope, std::string_view name, const Constraint& constraint,
                    const at::Tensor& value) {
  const at::Tensor inside = naming(scope, name, [&] { return constraint.check(value); }).cpu();
  if (all_true(inside)) return;
  const at::Tensor outside = inside.logical_not().nonzero();
  std::vector<std::int64_t> index;
  for (std::int64_t dim = 0; dim < outside.size(1); ++dim) index.push_back(outside[0][dim].item().toLong());
  std::string message = "parameter '" + std::string(name) + "'" + of_file(scope.path) + ": expected a value under " +
                        the_constraint(constraint.tag()) + ", found " +
                        describe_element(value, inside, index, constraint.event_dim());
  if (outside.size(0) > 1) message += " and " + std::to_string(outside.size(0) - 1) + " more";
  message += "; nothing was stored. StoreOptions().validate(false) turns this check off";
  throw ConstraintViolation(message, std::string(name), constraint.tag(), std::move(index));
}

}  // namespace

at::Tensor to_unconstrained(const StoreCore& core, const ScopeState& scope, std::string_view name,
                            const Constraint& constraint, const at::Tensor& value) {
  require_supported(value, name, scope.path);
  c10::InferenceMode ordinary(false);
  c10::AutoGradMode no_grad(false);
  const at::Tensor plain = value.detach();
  if (core.options.validate()) require_inside(scope, name, constraint, plain);
  const at::Tensor unconstrained = naming(scope, name, [&] { return transform_to(constraint).inv(plain); });
  require_supported(unconstrained, name, scope.path);
  // An identity returns the caller's own memory, so copy it; anything else returns new memory, so do not copy again.
  const bool fresh = !unconstrained.is_alias_of(plain) && unconstrained.is_contiguous();
  return fresh ? unconstrained : copy_of(unconstrained);
}

}  // namespace paramstore
