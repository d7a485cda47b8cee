#include "faults/surroundings.h"

#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

namespace faults {

namespace fs = std::filesystem;

namespace {

bool temporary(const std::string& file) {
  const auto ends_with = [&](const std::string& end) {
    return file.size() >= end.size() && file.compare(file.size() - end.size(), end.size(), end) == 0;
  };
  return file.find(".copy-") != std::string::npos || ends_with("-journal") || ends_with("-wal") || ends_with("-shm");
}

// A rollback journal that SQLite has filled but not begun to use begins with a zero byte. It stays if the disk fails for
// good just then, SQLite takes it for none, and the next one replaces it.
bool never_used(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name.size() < 8 || name.compare(name.size() - 8, 8, "-journal") != 0) return false;
  std::ifstream journal(file, std::ios::binary);
  char first = 1;
  return journal.get(first) && first == 0;
}

}  // namespace

Workplace::Workplace() : owner_(::getpid()) {
  const fs::path memory = "/dev/shm";
  const fs::path place = ::access(memory.c_str(), W_OK) == 0 ? memory : fs::canonical(fs::temp_directory_path());
  std::string pattern = (place / "paramstore-faults-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder could be made at " + pattern);
  path_ = pattern;
}

Workplace::~Workplace() {
  if (::getpid() != owner_) return;
  std::error_code ignored;  // a folder that stays does no harm
  fs::remove_all(path_, ignored);
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

std::string left_below(const fs::path& folder, bool files_may_stay) {
  std::string found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!files_may_stay && temporary(entry.path().filename().string()) && !never_used(entry.path()))
      found += entry.path().string() + " was left behind; ";
  }
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the descriptor that reads this folder
    const std::string path = fs::read_symlink(entry.path(), gone).string();
    if (!gone && path.rfind(folder.string(), 0) == 0) found += path + " is open; ";
  }
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (const std::size_t at = line.find(folder.string()); at != std::string::npos)
      found += line.substr(at) + " is mapped; ";
  }
  return found;
}

}  // namespace faults
