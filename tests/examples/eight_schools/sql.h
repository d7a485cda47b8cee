// The store's file as any other program sees it: with SQLite alone.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace eight_schools {

/// What a query gives: the names of the columns, then the rows, as text.
using Table = std::vector<std::vector<std::string>>;
Table query(const std::string& path, const std::string& sql);

/// The step of the newest commit that has one, 0 where there is none or no file.
std::int64_t committed_step(const std::string& path);

}  // namespace eight_schools
