// A store file of schema version 1.
#pragma once

#include <filesystem>

namespace faults {

/// As a library that knew no other version made it: a small value, and one in two chunks.
void make_version_1(const std::filesystem::path& path);

}  // namespace faults
