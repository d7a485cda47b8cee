// How large a tag may be. A tag comes from a file that anybody may have written: these bound what reading it can cost.
#pragma once

#include <cstddef>

namespace paramstore {

constexpr std::size_t max_tag_bytes = std::size_t{1} << 20;
constexpr std::size_t max_tag_depth =
    64;  // of parentheses and brackets; also the most dimensions LibTorch iterates over

}  // namespace paramstore
