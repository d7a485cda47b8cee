// What a call could leave behind: files, open descriptors, mappings.
#pragma once

#include <cstddef>
#include <filesystem>
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

/// How many descriptors this process has open.
std::size_t open_descriptors();

/// What nobody who has closed all stores of `folder` may leave: temporary files, logs and journals; descriptors and mappings of
/// this process. Empty if there is nothing. `files_may_stay`: as nothing could be removed.
std::string left_below(const std::filesystem::path& folder, bool files_may_stay);

}  // namespace faults
