// A store file's path in a folder of its own, removed at the end.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

class TemporaryStore {
 public:
  TemporaryStore() {
    std::string pattern = (std::filesystem::temp_directory_path() / "paramstore-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder could be made at " + pattern);
    folder_ = pattern;
  }
  ~TemporaryStore() {
    std::error_code ignored;  // what a test left open is the test's to report
    std::filesystem::remove_all(folder_, ignored);
  }
  TemporaryStore(const TemporaryStore&) = delete;
  TemporaryStore& operator=(const TemporaryStore&) = delete;

  const std::filesystem::path& folder() const noexcept { return folder_; }
  std::filesystem::path path() const { return folder_ / "model.params.db"; }

 private:
  std::filesystem::path folder_;
};
