#include "lib/extension/mapped_libtorch.h"

#include <link.h>

#include <exception>
#include <filesystem>
#include <string_view>
#include <vector>

namespace paramstore::sql {
namespace {

namespace fs = std::filesystem;

// PARAMSTORE_LIBTORCH_CPU and _C10 are the files that the part with LibTorch was linked with; empty without LibTorch.
constexpr std::string_view libraries[] = {PARAMSTORE_LIBTORCH_CPU, PARAMSTORE_LIBTORCH_C10};

bool is_of_libtorch(const fs::path& file) {
  const std::string name = file.filename().string();
  for (const std::string_view library : {"libtorch_cpu.so", "libc10.so"}) {
    if (name.compare(0, library.size(), library) == 0) return true;
  }
  return false;
}

bool is_ours(const fs::path& file) {
  for (const std::string_view library : libraries) {
    std::error_code error;
    if (!library.empty() && fs::equivalent(file, library, error)) return true;
  }
  return false;
}

struct Search {
  std::vector<std::string> files;
  std::exception_ptr error;
};

int add_file(dl_phdr_info* library, std::size_t, void* state) noexcept {
  auto& search = *static_cast<Search*>(state);
  try {
    const fs::path file(library->dlpi_name);
    if (is_of_libtorch(file)) search.files.push_back(file.string());
    return 0;
  } catch (...) {
    search.error = std::current_exception();
    return 1;
  }
}

}  // namespace

std::optional<std::string> other_mapped_libtorch() {
  Search search;
  dl_iterate_phdr(add_file, &search);
  if (search.error) std::rethrow_exception(search.error);
  for (const std::string& file : search.files) {
    if (!is_ours(file)) return file;
  }
  return std::nullopt;
}

std::string built_with_libtorch() { return "the one in " + fs::path(PARAMSTORE_LIBTORCH_CPU).parent_path().string(); }

}  // namespace paramstore::sql
