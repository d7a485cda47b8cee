// `set` of one value, which is in memory and in the file when it returns.
#include <ATen/ATen.h>

#include <memory>
#include <optional>

#include "bench.h"
#include "data.h"

namespace bench {
namespace {

using paramstore::Durability;
using paramstore::ParamStore;
using paramstore::StoreOptions;

constexpr int rounds = 9;

struct Positive {
  File file{"set.params.db"};
  at::Tensor values[2] = {at::rand({64}) + 0.1, at::rand({64}) + 0.1};
  ParamStore store;

  /// In memory if no durability is given.
  explicit Positive(std::optional<Durability> durability)
      : store(durability ? ParamStore(file.path(), StoreOptions().durability(*durability)) : ParamStore::in_memory()) {
    store.setdefault("scale", values[0], paramstore::constraints::positive);
  }
};

std::vector<Side> set_positive(std::optional<Durability> durability) {
  auto positive = std::make_shared<Positive>(durability);
  return {{"ours", [positive](benchmark::State& state) {
             std::size_t turn = 0;
             for (auto _ : state) positive->store.set("scale", positive->values[++turn % 2]);
           }}};
}

}  // namespace

std::vector<Work> set_works() {
  return {{"set/positive/in_memory", rounds, [] { return set_positive(std::nullopt); }},
          {"set/positive/process_crash", rounds, [] { return set_positive(Durability::process_crash); }},
          {"set/positive/power_loss", rounds, [] { return set_positive(Durability::power_loss); }}};
}

}  // namespace bench
