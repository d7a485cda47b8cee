// From a constraint to its tag. The grammar is lib/text/tag.h.
#pragma once

#include <string>
#include <string_view>

#include "lib/constraint/arguments.h"

namespace paramstore {

std::string write_tag(std::string_view name, const Arguments& arguments);

}  // namespace paramstore
