// Whether a text can be a constraint's tag, as far as that shows without LibTorch.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace paramstore::cli {

/// What is wrong with the form of `tag`, by the grammar in paramstore/constraint.h, or nothing. Which constraints there
/// are and what arguments they take is not asked: programs register their own.
std::optional<std::string> tag_error(std::string_view tag);

}  // namespace paramstore::cli
