// Loading the parameters when a program starts. The files are in the page cache, for all sides.
#include <memory>
#include <optional>

#include "bench.h"
#include "data.h"
#include "torch_file.h"

namespace bench {
namespace {

using benchmark::DoNotOptimize;
using benchmark::State;
using paramstore::ParamStore;

struct Files {
  File store_file{"load.params.db"};
  File torch_file{"load.pt"};

  Files(int count, std::int64_t numel) {
    const NamedTensors tensors = make_tensors(count, numel);
    write_store(store_file.path(), tensors);
    torch_save(tensors, torch_file.path());
  }
};

Side torch_load_all(const std::shared_ptr<Files>& files) {
  return {"torch_load",
          [files](State& state) {
            std::vector<at::Tensor> loaded;
            time_each(
                state, forget_free_memory, [&] { loaded = torch_load(files->torch_file.path()); },
                [&] { loaded.clear(); });
          },
          1};
}

std::vector<Side> load_all(int count, std::int64_t numel) {
  auto files = std::make_shared<Files>(count, numel);
  Side ours{"ours",
            [files](State& state) {
              std::optional<ParamStore> store;
              std::vector<at::Tensor> loaded;
              time_each(
                  state, forget_free_memory,
                  [&] {
                    store.emplace(files->store_file.path());
                    loaded = store->parameters();
                  },
                  [&] {
                    store.reset();
                    loaded.clear();
                  });
            },
            1};
  return {ours, torch_load_all(files)};
}

std::vector<Side> load_one() {
  constexpr int count = 1'000;
  auto files = std::make_shared<Files>(count, 262'144);
  Side ours{"ours",
            [files](State& state) {
              std::optional<ParamStore> store;
              int next = 0;
              time_each(
                  state, forget_free_memory,
                  [&] {
                    store.emplace(files->store_file.path());
                    DoNotOptimize((*store)[name_of(next++ * 37 % count)]);
                  },
                  [&] { store.reset(); });
            },
            20};
  return {ours, torch_load_all(files)};
}

}  // namespace

std::vector<Work> load_works() {
  return {{"load/1000x1MiB/one", 5, load_one},
          {"load/10000x64/all", 11, [] { return load_all(10'000, 64); }},
          {"load/100x1MiB/all", 25, [] { return load_all(100, 262'144); }},
          {"load/8x64MiB/all", 11, [] { return load_all(8, 16 * 1'048'576); }}};
}

}  // namespace bench
