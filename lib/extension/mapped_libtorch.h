// Which LibTorch this process has mapped. Asked before ours is loaded.
#pragma once

#include <optional>
#include <string>

namespace paramstore::sql {

/// The file of a mapped LibTorch library that is not of the LibTorch that the extension was built with, if there is one.
std::optional<std::string> other_mapped_libtorch();

/// The folder of the LibTorch that the extension was built with.
std::string built_with_libtorch();

}  // namespace paramstore::sql
