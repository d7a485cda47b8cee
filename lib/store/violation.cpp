#include "lib/store/violation.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "lib/constraint/describe.h"
#include "lib/constraint/node.h"
#include "lib/constraint/reasons.h"
#include "lib/store/named_errors.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

bool expands_to(at::IntArrayRef from, at::IntArrayRef to) {
  return from.size() <= to.size() &&
         std::equal(from.rbegin(), from.rend(), to.rbegin(), [](auto a, auto b) { return a == b || a == 1; });
}

struct Offender {
  std::string what;    // "-1.5 at index [0, 2]", "the event of shape [3] at index [1]"
  std::string reason;  // "which sums to 1.2", if known
};

/// Only the index if the check's shape says too little.
Offender describe_offender(const Constraint& constraint, const at::Tensor& value, const at::Tensor& inside,
                           const Index& index) {
  // The check's dimensions are the leftmost of the value's, unless a bound with more dimensions, or longer ones,
  // stretches the value.
  const bool leftmost =
      inside.dim() <= value.dim() && inside.sizes() == value.sizes().slice(0, static_cast<std::size_t>(inside.dim()));
  const std::int64_t rest = value.dim() - inside.dim();
  const std::int64_t together = leftmost ? rest : std::max(rest, constraint.event_dim());
  std::vector<std::int64_t> shape = inside.sizes().vec();
  if (together <= value.dim()) {
    const auto event = value.sizes().slice(static_cast<std::size_t>(value.dim() - together));
    shape.insert(shape.end(), event.begin(), event.end());
  }
  const std::string place = at_index_text(index);
  if (!expands_to(value.sizes(), shape)) return {place, {}};
  const at::Tensor event = at_index(value.detach().expand(shape), index);
  const std::string what = event.dim() == 0 ? element_text(event) : "the event of shape " + shape_text(event);
  const bool stretched = value.sizes() != shape;
  return {what + " " + place, stretched ? std::string() : explain(constraint, value, index)};
}

/// As inside.all().item().toBool(), which takes several times as long for a small tensor.
bool all_true(const at::Tensor& inside) {
  if (inside.scalar_type() != at::kBool || !inside.is_contiguous()) return inside.all().item().toBool();
  return inside.numel() == 0 || std::memchr(inside.data_ptr(), 0, inside.nbytes()) == nullptr;
}

}  // namespace

void require_inside(const ScopeState& scope, std::string_view name, const Constraint& constraint,
                    const at::Tensor& value) {
  if (surely_inside(constraint, value)) return;
  const at::Tensor inside = naming(scope, name, [&] { return constraint.check(value); }).cpu();
  if (all_true(inside)) return;
  const at::Tensor outside = inside.logical_not();
  Index index = *first_where(outside);
  const auto [what, reason] = describe_offender(constraint, value, inside, index);
  std::string message = "parameter '" + std::string(name) + "'" + of_file(scope.path) + ": expected a value under " +
                        the_constraint(constraint.tag()) + ", found " + what;
  if (!reason.empty()) message += ", " + reason;
  if (const std::int64_t more = outside.sum().item().toLong() - 1; more > 0) {
    message += (reason.empty() ? " and " : ", and ") + std::to_string(more) + " more";
  }
  message += "; nothing was stored. StoreOptions().validate(false) turns this check off";
  throw ConstraintViolation(message, std::string(name), constraint.tag(), std::move(index));
}

}  // namespace paramstore
