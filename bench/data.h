// The tensors for the measurements, and the folder for files.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "paramstore/param_store.h"

namespace bench {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

/// The name of the i-th parameter: "layer_17_weight".
std::string name_of(int i);

/// `count` float32 tensors of `numel` random elements.
NamedTensors make_tensors(int count, std::int64_t numel);

/// Changes every byte of every tensor in place, as seen by their version counters.
void change_all(const NamedTensors& tensors);
void change(const at::Tensor& tensor);

/// A file name in the folder of the benchmarks' files, on the disk of the build. The folder goes when the program ends.
class File {
 public:
  explicit File(const std::string& name);
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// Makes a store file with these values, closes it, and flushes it to disk.
void write_store(const std::filesystem::path& path, const NamedTensors& tensors);

/// Puts the tensors' contents into a store as new parameters, in one transaction.
void add_all(paramstore::ParamStore& store, const NamedTensors& tensors);

/// Returns free memory to the system, so that the next allocation gets it page by page, as in a program that has just
/// started.
void forget_free_memory();

}  // namespace bench
