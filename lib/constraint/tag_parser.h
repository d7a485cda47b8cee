// From a tag to its constraint. The grammar is lib/text/tag.h.
#pragma once

#include <string_view>

#include "paramstore/constraint.h"

namespace paramstore {

/// What Constraint::parse does.
Constraint parse_tag(std::string_view text);

/// The same of a tag that a file holds: an invalid one gives an unknown constraint that keeps the text, and throws
/// UnknownConstraint, saying what is wrong, only when it is used.
Constraint parse_stored_tag(std::string_view text);

}  // namespace paramstore
