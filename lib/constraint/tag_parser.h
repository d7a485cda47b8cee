// From a tag to its constraint. The grammar is in include/paramstore/constraint.h.
#pragma once

#include <string_view>

#include "paramstore/constraint.h"

namespace paramstore {

/// Constraint::parse: reads the whole text or throws UnknownConstraint.
Constraint parse_tag(std::string_view text);

/// Whether the text can be registered as a constraint's name: it is well-formed and neither a number nor a dtype.
bool is_constraint_name(std::string_view text);

}  // namespace paramstore
