// What a training loop's durable commit costs, beside writing all parameters with torch::save.
#include <memory>
#include <optional>

#include "bench.h"
#include "data.h"
#include "torch_file.h"

namespace bench {
namespace {

using benchmark::State;
using paramstore::Detect;
using paramstore::ParamStore;
using paramstore::StoreOptions;

struct Commit {
  File store_file{"commit.params.db"};
  File torch_file{"commit.pt"};
  NamedTensors tensors;
  std::optional<ParamStore> store;
  NamedTensors leaves;

  Commit(int count, std::int64_t numel, Detect detect) : tensors(make_tensors(count, numel)) {
    store.emplace(store_file.path(), StoreOptions().detect(detect));
    add_all(*store, tensors);
    for (const auto& item : store->named_parameters()) leaves.emplace_back(item.key(), item.value());
  }
};

struct Size {
  int count;
  std::int64_t numel;
  int rounds;
  /// Commits per round: enough that each round includes its share of checkpoints, which come once per so many megabytes
  /// written.
  int commits;
};
constexpr Size small_ones{10'000, 64, 7, 80};
constexpr Size mebibytes{100, 262'144, 9, 6};
constexpr Size large_ones{8, 16 * 1'048'576, 5, 3};

Side torch_save_all(const std::shared_ptr<Commit>& commit, int times) {
  return {"torch_save",
          [commit](State& state) {
            time_each(
                state, [&] { change_all(commit->tensors); },
                [&] { torch_save(commit->tensors, commit->torch_file.path()); });
          },
          times};
}

std::vector<Side> all_changed(const Size& size) {
  auto commit = std::make_shared<Commit>(size.count, size.numel, Detect::content);
  Side ours{"ours",
            [commit](State& state) {
              time_each(
                  state, [&] { change_all(commit->leaves); }, [&] { commit->store->commit(); });
            },
            size.commits};
  return {ours, torch_save_all(commit, size.count > 1000 ? 1 : size.commits)};
}

std::vector<Side> one_changed(Detect detect) {
  auto commit = std::make_shared<Commit>(mebibytes.count, mebibytes.numel, detect);
  // Times 100: a commit of 1 MiB bears 1/250 of a checkpoint.
  Side ours{"ours",
            [commit](State& state) {
              std::size_t next = 0;
              time_each(
                  state, [&] { change(commit->leaves[next++ % commit->leaves.size()].second); },
                  [&] { commit->store->commit(); });
            },
            100};
  return {ours, torch_save_all(commit, 3)};
}

}  // namespace

std::vector<Work> commit_works() {
  const auto all = [](const Size& size) { return [&size] { return all_changed(size); }; };
  return {
      {"commit/10000x64/all", small_ones.rounds, all(small_ones)},
      {"commit/100x1MiB/all", mebibytes.rounds, all(mebibytes)},
      {"commit/8x64MiB/all", large_ones.rounds, all(large_ones)},
      {"commit/100x1MiB/one/content", mebibytes.rounds, [] { return one_changed(Detect::content); }},
      {"commit/100x1MiB/one/version_counter", mebibytes.rounds, [] { return one_changed(Detect::version_counter); }}};
}

}  // namespace bench
