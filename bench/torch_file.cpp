#include "torch_file.h"

#include <fcntl.h>
#include <torch/serialize.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace bench {

void torch_save(const NamedTensors& tensors, const std::filesystem::path& path) {
  std::vector<at::Tensor> values;
  values.reserve(tensors.size());
  for (const auto& [name, tensor] : tensors) values.push_back(tensor);
  torch::save(values, path.string());
  const int file = ::open(path.c_str(), O_RDONLY);
  if (file < 0 || ::fdatasync(file) != 0 || ::close(file) != 0)
    throw std::system_error(errno, std::generic_category(), path);
}

std::vector<at::Tensor> torch_load(const std::filesystem::path& path) {
  std::vector<at::Tensor> values;
  torch::load(values, path.string());
  return values;
}

}  // namespace bench
