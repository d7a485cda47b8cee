// What is in a folder.
#pragma once

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace paramstore::storage {

/// The names of the entries of `folder`, in no order, without "." and "..". On failure sets `error`, and returns what was read so far.
/// (std::filesystem::directory_iterator allocates in a function that must not throw: without memory it ends the process.)
std::vector<std::string> names_in(const std::filesystem::path& folder, std::error_code& error);

}  // namespace paramstore::storage
