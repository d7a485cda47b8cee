// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace paramstore::cli {

/// "512 B", "1.5 KiB", "64.0 MiB"
std::string byte_count(std::uint64_t bytes);

/// Formatted as printf's %g with this many significant digits: "0.001234", "1.5e+10".
std::string rounded(double value, int digits = 6);

/// "3 parameters", "1 parameter"
std::string counted(std::uint64_t count, const std::string& noun);

}  // namespace paramstore::cli
