#include "lib/store/mismatch.h"

#include <sstream>
#include <string>

#include "lib/constraint/describe.h"
#include "lib/store/leaf.h"
#include "lib/store/warning.h"
#include "paramstore/error.h"

namespace paramstore {

void check_mismatch(StoreCore& core, const ScopeState& scope, std::string_view name, const StoredParam& stored,
                    const InitialValue& init, const std::optional<Constraint>& constraint) {
  const at::Tensor* given = init.tensor();
  const bool shape_differs = given && given->defined() && given->sizes() != stored.shape;
  const bool constraint_differs = constraint && *constraint != stored.constraint;
  const Mismatch reaction = core.options.on_mismatch();
  if ((!shape_differs && !constraint_differs) || reaction == Mismatch::ignore) return;

  std::ostringstream message;
  message << "parameter '" << name << "'" << of_file(scope.path) << " is stored";
  if (shape_differs) message << " with shape " << stored.shape << ", and the init given has shape " << given->sizes();
  if (constraint_differs) {
    message << (shape_differs ? ";" : "") << " under " << the_constraint(stored.constraint.tag())
            << ", and the one given is " << the_constraint(constraint->tag());
  }
  message << ". The stored one stays: erase(\"" << name << "\") first to start anew, or choose another name";
  if (reaction == Mismatch::error) throw Error(message.str());

  if (core.first_mismatch(scope, name)) warn(message.str());
}

}  // namespace paramstore
