// Errors of constraints, which know neither parameter nor file, on their way to the user.
#pragma once

#include <string>
#include <string_view>

#include "lib/store/leaf.h"
#include "lib/store/scope_state.h"
#include "paramstore/error.h"

namespace paramstore {

/// Runs `action`, which computes with the constraint of the parameter `name`. What it throws keeps its kind, and says
/// which parameter of which file it is about.
template <class Action>
auto naming(const ScopeState& scope, std::string_view name, Action&& action) {
  const auto named = [&](const Error& error) {
    return "parameter '" + std::string(name) + "'" + of_file(scope.path) + ": " + error.what();
  };
  try {
    return action();
  } catch (const UnknownConstraint& error) {
    throw UnknownConstraint(named(error), error.tag());
  } catch (const UnsupportedTensor& error) {
    throw UnsupportedTensor(named(error));
  } catch (const Error& error) {
    throw Error(named(error));
  }
}

}  // namespace paramstore
