// From a tag to its constraint. The grammar stands in include/paramstore/constraint.h.
#pragma once

#include <string_view>

#include "paramstore/constraint.h"

namespace paramstore {

/// Constraint::parse: reads the whole text or throws UnknownConstraint.
Constraint parse_tag(std::string_view text);

/// True for what may stand as a constraint's name, and is not a number or a dtype: a name can be registered if so.
bool is_constraint_name(std::string_view text);

}  // namespace paramstore
