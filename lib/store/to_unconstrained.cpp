#include "lib/store/to_unconstrained.h"

#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>

#include "lib/constraint/node.h"
#include "lib/store/leaf.h"
#include "lib/store/named_errors.h"
#include "lib/store/violation.h"

namespace paramstore {
namespace {

/// Whether every value is its own unconstrained tensor.
bool is_identity(const Constraint& constraint) {
  const auto& node = resolve(node_of(constraint));
  return node != nullptr && node->is_identity && node->event_dim == 0;
}

}  // namespace

at::Tensor to_unconstrained(const StoreCore& core, const ScopeState& scope, std::string_view name,
                            const Constraint& constraint, const at::Tensor& value) {
  require_supported(value, name, scope.path);
  if (is_small_and_plain(value) && is_identity(constraint) &&
      (!core.options.validate() || surely_inside(constraint, value)))
    return copy_of(value);
  c10::InferenceMode ordinary(false);
  c10::AutoGradMode no_grad(false);
  const at::Tensor plain = value.detach();
  if (core.options.validate()) require_inside(scope, name, constraint, plain);
  const at::Tensor unconstrained = naming(scope, name, [&] { return transform_to(constraint).inv(plain); });
  require_supported(unconstrained, name, scope.path);
  // An identity returns the caller's own memory, and a registered inverse may keep what it returns. New memory that
  // nobody else has need not be copied again.
  const bool fresh = unconstrained.use_count() == 1 && unconstrained.storage().use_count() == 1 &&
                     !unconstrained.is_alias_of(plain) && unconstrained.is_contiguous();
  return fresh ? unconstrained : copy_of(unconstrained);
}

}  // namespace paramstore
