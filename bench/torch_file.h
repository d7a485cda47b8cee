// Named tensors in a file, as LibTorch saves and loads them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data.h"

namespace bench {

/// torch::save of a vector of tensors, and fdatasync.
void torch_save(const NamedTensors& tensors, const std::filesystem::path& path);

/// torch::load of all of them.
std::vector<at::Tensor> torch_load(const std::filesystem::path& path);

}  // namespace bench
