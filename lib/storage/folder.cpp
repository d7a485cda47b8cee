#include "lib/storage/folder.h"

#include <dirent.h>

#include <cerrno>
#include <memory>
#include <string_view>

namespace paramstore::storage {
namespace {

struct Closer {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

}  // namespace

std::vector<std::string> names_in(const std::filesystem::path& folder, std::error_code& error) {
  std::vector<std::string> names;
  error.clear();
  const std::unique_ptr<DIR, Closer> open(::opendir(folder.c_str()));
  if (open) {
    for (;;) {
      errno = 0;
      const dirent* const entry = ::readdir(open.get());
      if (entry == nullptr) break;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
  }
  if (errno != 0) error.assign(errno, std::generic_category());
  return names;
}

}  // namespace paramstore::storage
