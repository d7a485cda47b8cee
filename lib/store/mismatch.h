// An `init`, or a module, that disagrees with what is stored.
#pragma once

#include <optional>
#include <string_view>

#include "lib/store/store_core.h"
#include "paramstore/constraint.h"
#include "paramstore/initial_value.h"

namespace paramstore {

/// Shape and dtype of a stored parameter's constrained value, and its constraint.
struct StoredParam {
  at::IntArrayRef shape;
  at::ScalarType dtype;
  const Constraint& constraint;
};

/// Compares what a call asked for with what is stored, and acts on `StoreOptions::on_mismatch`: nothing, one warning
/// per name, or Error. Does not run a callable.
void check_mismatch(StoreCore& core, const ScopeState& scope, std::string_view name, const StoredParam& stored,
                    const InitialValue& init, const std::optional<Constraint>& constraint);

/// For a module that keeps its own tensors: compares them with the leaves of the same names, and acts on
/// `StoreOptions::on_mismatch` at the first of other contents: nothing, one warning per module name, or Error.
class ModuleContents {
 public:
  ModuleContents(StoreCore& core, const ScopeState& scope, std::string_view module_name);

  /// Tensors of another shape or dtype are `check_mismatch`'s.
  void check(std::string_view name, const at::Tensor& leaf, const at::Tensor& tensor);

 private:
  StoreCore& core_;
  const ScopeState& scope_;
  const std::string_view module_name_;
  bool done_;  // nothing is left to say
};

}  // namespace paramstore
