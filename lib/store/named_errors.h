// Adds parameter and file to errors of constraints, which know neither.
#pragma once

#include <string>
#include <string_view>

#include "lib/store/leaf.h"
#include "lib/store/scope_state.h"
#include "paramstore/error.h"

namespace paramstore {

/// Runs `action`, which computes with the constraint of the parameter `name`. Its exceptions keep their type and get
/// the parameter and the file in their message.
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
