// Whole files as bytes.
#pragma once

#include <filesystem>
#include <string>

namespace faults {

/// Both throw std::runtime_error if that fails.
std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& contents);

/// Removes everything in a folder.
void empty_folder(const std::filesystem::path& folder);

}  // namespace faults
