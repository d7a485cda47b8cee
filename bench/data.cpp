#include "data.h"

#include <ATen/ops/rand.h>
#include <malloc.h>
#include <unistd.h>

#include <system_error>

namespace bench {

std::string name_of(int i) { return "layer_" + std::to_string(i) + "_weight"; }

NamedTensors make_tensors(int count, std::int64_t numel) {
  NamedTensors tensors;
  tensors.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) tensors.emplace_back(name_of(i), at::rand({numel}));
  return tensors;
}

void change(const at::Tensor& tensor) { tensor.detach().view(at::kInt).bitwise_not_(); }

void change_all(const NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) change(tensor);
}

File::File(const std::string& name) : path_(std::filesystem::path(PARAMSTORE_BENCH_DATA) / name) {
  std::filesystem::create_directories(path_.parent_path());
}

File::~File() {
  std::error_code ignored;
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_.string() + suffix, ignored);
  std::filesystem::remove(path_.parent_path(), ignored);  // if it is empty
}

void add_all(paramstore::ParamStore& store, const NamedTensors& tensors) {
  auto batch = store.batch();
  for (const auto& [name, tensor] : tensors) batch.set(name, tensor);
  batch.commit();
}

void write_store(const std::filesystem::path& path, const NamedTensors& tensors) {
  paramstore::ParamStore store(path);
  add_all(store, tensors);
  store.close();
  ::sync();
}

void forget_free_memory() { malloc_trim(0); }

}  // namespace bench
