#include "lib/store/mismatch.h"

#include <sstream>
#include <string>

#include "lib/constraint/describe.h"
#include "lib/store/leaf.h"
#include "lib/store/stored_row.h"
#include "lib/store/warning.h"
#include "paramstore/error.h"

namespace paramstore {

void check_mismatch(StoreCore& core, const ScopeState& scope, std::string_view name, const StoredParam& stored,
                    const InitialValue& init, const std::optional<Constraint>& constraint) {
  const at::Tensor* given = init.tensor();
  const bool shape_differs = given && given->defined() && given->sizes() != stored.shape;
  const bool dtype_differs = given && given->defined() && given->scalar_type() != stored.dtype;
  const bool constraint_differs = constraint && *constraint != stored.constraint;
  const Mismatch reaction = core.options.on_mismatch();
  if ((!shape_differs && !dtype_differs && !constraint_differs) || reaction == Mismatch::ignore) return;

  std::ostringstream message;
  message << "parameter '" << name << "'" << of_file(scope.path) << " is stored";
  const char* separator = "";
  if (shape_differs) {
    message << " with shape " << stored.shape << ", and the init given has shape " << given->sizes();
    separator = ";";
  }
  if (dtype_differs) {
    message << separator << " with dtype " << stored.dtype << ", and the init given has dtype " << given->scalar_type();
    separator = ";";
  }
  if (constraint_differs) {
    message << separator << " under " << the_constraint(stored.constraint.tag()) << ", and the one given is "
            << the_constraint(constraint->tag());
  }
  message << ". The stored one stays: erase(\"" << name << "\") first to start anew, or choose another name";
  if (reaction == Mismatch::error) throw Error(message.str());

  if (core.first_mismatch(scope, name)) warn(message.str());
}

namespace {

/// A module's name among those of parameters, which hold no NUL.
std::string noted(std::string_view module_name) { return std::string(module_name) + '\0'; }

}  // namespace

ModuleContents::ModuleContents(StoreCore& core, const ScopeState& scope, std::string_view module_name)
    : core_(core),
      scope_(scope),
      module_name_(module_name),
      done_(core.options.on_mismatch() == Mismatch::ignore || core.mismatch_known(scope, noted(module_name))) {}

void ModuleContents::check(std::string_view name, const at::Tensor& leaf, const at::Tensor& tensor) {
  if (done_ || leaf.is_same(tensor)) return;
  if (leaf.sizes() != tensor.sizes() || leaf.scalar_type() != tensor.scalar_type()) return;
  if (tensor.layout() != at::kStrided || tensor.is_meta()) return;  // it has no contents to compare
  if (HashedValue(leaf).checksum == HashedValue(tensor).checksum) return;

  const std::string module_name(module_name_);
  const std::string message =
      "module '" + module_name + "': the parameter '" + std::string(name) + "'" + of_file(scope_.path) +
      " has other contents than the module's, and maybe others of the module too. The module keeps its own contents, "
      "so "
      "an optimizer over the store's parameters does not train it: call module(\"" +
      module_name + "\", ..., true) to give the module the stored ones, or erase them before this call (erase(\"" +
      std::string(name) + "\"), ...) to start anew with the module's";
  if (core_.options.on_mismatch() == Mismatch::error) throw Error(message);
  done_ = true;
  if (core_.first_mismatch(scope_, noted(module_name))) warn(message);
}

}  // namespace paramstore
