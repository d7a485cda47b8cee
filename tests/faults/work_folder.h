// A folder for the files that an attack makes, in memory if the system has such a place.
#pragma once

#include <filesystem>
#include <string>

namespace faults {

class WorkFolder {
 public:
  WorkFolder();
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  /// Removes everything in it.
  void clear() const;

 private:
  std::filesystem::path path_;
};

/// The whole contents. Throw std::runtime_error.
std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& contents);

}  // namespace faults
