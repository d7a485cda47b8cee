// From a constraint to its tag. The grammar is in include/paramstore/constraint.h.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "lib/constraint/arguments.h"

namespace paramstore {

std::string write_tag(std::string_view name, const Arguments& arguments);

/// How deep the parentheses and brackets of a tag are nested.
std::size_t tag_depth(std::string_view tag) noexcept;

}  // namespace paramstore
