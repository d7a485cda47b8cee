// What a call could leave behind: files, open descriptors, mappings.
#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace faults {

/// A folder for files that need not survive, in memory if the system has such a place; removed at the end.
class Workplace {
 public:
  Workplace();
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
  int owner_;
};

/// The paths below `folder`, relative to it.
std::set<std::string> files_below(const std::filesystem::path& folder);

/// How many descriptors this process has open.
std::size_t open_descriptors();

/// What of `folder` this process has open or mapped, for a message; empty if nothing.
std::string in_use_below(const std::filesystem::path& folder);

}  // namespace faults
