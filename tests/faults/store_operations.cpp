#include "faults/store_operations.h"

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include "faults/attack.h"
#include "faults/contents.h"
#include "lib/storage/store_internals.h"

namespace faults {

namespace fs = std::filesystem;
using namespace paramstore;

namespace {

constexpr std::int64_t small = 64;
constexpr std::int64_t large = 40'000;  // three pages, too long to travel with its row
constexpr int run_length = 12;

StoreOptions options() { return StoreOptions().busy_timeout(std::chrono::milliseconds(0)); }

void nothing(StoreBench&) {}

void open_store(StoreBench& bench) { bench.store.emplace(bench / "model.params.db", options()); }

std::string run_name(int i) { return "run-" + std::to_string(i); }

void move(ParamStore& store, const std::string& name) { store.unconstrained(name).data().add_(1); }

void open_and_move(StoreBench& bench) {
  open_store(bench);
  for (const char* name : {"small", "large", "chunked", "scale"}) move(*bench.store, name);
  for (int i = 0; i < run_length; ++i) move(*bench.store, run_name(i));
}

void open_and_read(StoreBench& bench) {
  open_store(bench);
  static_cast<void>(bench.store->parameters());
}

void others_change(StoreBench& bench) {
  ParamStore other(bench / "model.params.db", options());
  other.set("small", at::full({small}, 9.0F));
  other.set("large", at::full({large}, 9.0F));
  other.erase("gone");
  other.set("theirs", at::ones({3}));
}

struct Net : torch::nn::Module {
  explicit Net(float value) {
    register_parameter("weight", at::full({small}, value));
    register_parameter("bias", at::full({3}, value));
  }
};

StateDict some_state() {
  StateDict state;
  state.params.insert("new", at::ones({2}).requires_grad_(true));
  state.constraints.insert("new", constraints::positive);
  state.params.insert("large", at::full({large}, 7.0F).requires_grad_(true));
  state.constraints.insert("large", constraints::real);
  state.params.insert("scale", at::zeros({9}).requires_grad_(true));
  state.constraints.insert("scale", constraints::real);
  return state;
}

// Without graphs: LibTorch allocates when it frees one, in a destructor.
void read_everything(StoreBench& bench) {
  const at::NoGradGuard no_graphs;
  ParamStore& store = *bench.store;
  require(store.size() == store.parameters().size(), "there are not as many leaves as parameters");
  std::size_t count = 0;
  for (const auto& [name, value] : store.items()) {
    require(store.contains(name) && value.defined(), "a name is listed and does not exist");
    ++count;
  }
  require(count == store.size(), "an iteration has another length");
  require(at::equal(store["small"], at::arange(small, at::kFloat)), "small has another value");
  require(at::allclose(store["scale"], at::full({3}, 2.0F)), "scale has another value");
  require(store.match("run-").size() == run_length, "a pattern finds another number of parameters");
  require(store.param_name(store.unconstrained("large")) == std::optional<std::string>("large"),
          "a leaf has another name");
  require(store.get_state().params.size() == store.size(), "the state is not complete");
  require(store.scopes() == std::vector<std::string>{"fold-1"}, "the scopes have other names");
}

void set(StoreBench& bench, const char* name, std::int64_t size) { bench.store->set(name, at::full({size}, 4.0F)); }

}  // namespace

const std::vector<StoreOperation> store_operations = {
    {"open", {}, nothing, open_store},
    {"open and read",
     {},
     nothing,
     [](StoreBench& bench) {
       open_store(bench);
       read_everything(bench);
     }},
    {"create", {}, nothing, [](StoreBench& bench) { bench.store.emplace(bench / "new.db", options()); }},
    {"migrate", {"old.db"}, nothing, [](StoreBench& bench) { bench.store.emplace(bench / "old.db", options()); }},
    {"read", {}, open_store, read_everything},
    {"read again",
     {},
     [](StoreBench& bench) {
       open_store(bench);
       read_everything(bench);
     },
     read_everything},
    {"setdefault",
     {},
     open_store,
     [](StoreBench& bench) {
       const at::NoGradGuard no_graphs;
       bench.store->setdefault("new", at::ones({3}), constraints::positive);
     }},
    {"setdefault of what exists",
     {},
     open_store,
     [](StoreBench& bench) { bench.store->setdefault("small", at::zeros({small})); }},
    {"setdefault of a large value",
     {},
     open_store,
     [](StoreBench& bench) { bench.store->setdefault("new", at::ones({large})); }},
    {"set", {}, open_store, [](StoreBench& bench) { set(bench, "small", small); }},
    {"set what is pending", {}, open_and_move, [](StoreBench& bench) { set(bench, "small", small); }},
    {"set a constrained value", {}, open_and_move, [](StoreBench& bench) { set(bench, "scale", 3); }},
    {"set a large value", {}, open_store, [](StoreBench& bench) { set(bench, "large", large); }},
    {"set a chunked value", {}, open_store, [](StoreBench& bench) { set(bench, "chunked", large); }},
    {"set to another shape", {}, open_and_move, [](StoreBench& bench) { set(bench, "scale", large); }},
    {"set a new name", {}, open_store, [](StoreBench& bench) { set(bench, "new", large); }},
    {"erase",
     {},
     open_and_move,
     [](StoreBench& bench) { require(bench.store->erase("chunked"), "a parameter did not exist"); }},
    {"clear", {}, open_and_move, [](StoreBench& bench) { bench.store->clear(); }},
    {"commit one",
     {},
     [](StoreBench& bench) {
       open_store(bench);
       move(*bench.store, "small");
     },
     [](StoreBench& bench) { bench.store->commit(); }},
    {"commit many",
     {},
     open_and_move,
     [](StoreBench& bench) { bench.store->commit(CommitOptions().step(1).message("many")); }},
    {"batch",
     {},
     open_and_move,
     [](StoreBench& bench) {
       auto batch = bench.store->batch();
       set(bench, "large", large);
       set(bench, "scale", 1);
       bench.store->erase("gone");
       bench.store->setdefault("new", at::ones({large}));
       bench.store->commit();
       batch.commit();
     }},
    {"a batch that is dropped",
     {},
     open_and_move,
     [](StoreBench& bench) {
       const auto batch = bench.store->batch();
       set(bench, "large", large);
       set(bench, "scale", 1);
       bench.store->erase("gone");
       bench.store->setdefault("new", at::ones({large}));
     }},
    {"set_state", {}, open_and_move, [](StoreBench& bench) { bench.store->set_state(some_state()); }},
    {"save", {}, open_and_move, [](StoreBench& bench) { bench.store->save(bench / "copy.db"); }},
    {"save over another store",
     {"copy.db"},
     open_and_move,
     [](StoreBench& bench) { bench.store->save(bench / "copy.db"); }},
    {"load", {"copy.db"}, open_and_move, [](StoreBench& bench) { bench.store->load(bench / "copy.db"); }},
    {"make a scope", {}, open_store, [](StoreBench& bench) { static_cast<void>(bench.store->scope("fold-2")); }},
    {"change in a scope",
     {},
     open_store,
     [](StoreBench& bench) {
       const auto guard = bench.store->scope("fold-1");
       set(bench, "w", 5);
     }},
    {"an unnamed scope",
     {},
     open_store,
     [](StoreBench& bench) {
       const auto guard = bench.store->scope();
       bench.store->setdefault("w", at::ones({large}));
       require(bench.store->size() == 1, "an unnamed scope does not hold its parameter");
     }},
    {"a scope that holds a state",
     {},
     open_store,
     [](StoreBench& bench) {
       StateDict state = some_state();
       const auto guard = bench.store->scope(state);
       require(bench.store->size() == 3, "a scope does not hold its state");
     }},
    {"drop a scope",
     {},
     [](StoreBench& bench) {
       open_store(bench);
       const auto guard = bench.store->scope("fold-1");
       set(bench, "w", 5);
     },
     [](StoreBench& bench) { require(bench.store->drop_scope("fold-1"), "a scope did not exist"); }},
    {"refresh",
     {},
     open_and_read,
     [](StoreBench& bench) { bench.refreshed = bench.store->refresh(); },
     false,
     others_change,
     [](StoreBench& bench) {
       const RefreshResult& result = bench.refreshed;
       require(result.changed == std::vector<std::string>{"small", "large"} &&
                   result.added == std::vector<std::string>{"theirs"} &&
                   result.removed == std::vector<std::string>{"gone"},
               "a refresh reports something else");
     }},
    {"refresh by reading",
     {},
     open_and_read,
     [](StoreBench& bench) { static_cast<void>((*bench.store)["theirs"]); },
     false,
     others_change},
    {"module",
     {},
     [](StoreBench& bench) {
       open_and_move(bench);
       bench.net = std::make_shared<Net>(3.0F);
     },
     [](StoreBench& bench) { bench.store->module("net", std::static_pointer_cast<Net>(bench.net)); }},
    {"module that is updated",
     {},
     [](StoreBench& bench) {
       open_store(bench);
       bench.store->module("net", std::make_shared<Net>(3.0F));
       bench.net = std::make_shared<Net>(5.0F);
     },
     [](StoreBench& bench) { bench.store->module("net", std::static_pointer_cast<Net>(bench.net), true); },
     false,
     nullptr,
     [](StoreBench& bench) {
       const auto parameters = std::static_pointer_cast<Net>(bench.net)->parameters();
       require(at::equal(parameters.front(), at::full({small}, 3.0F)), "the module did not get the stored value");
     }},
    {"query",
     {},
     open_and_move,
     [](StoreBench& bench) {
       std::int64_t count = 0;
       for (const auto& row :
            bench.store->query("SELECT name, norm FROM param_stats WHERE norm >= ? ORDER BY name", 0.0)) {
         require(!row.get<std::string>("name").empty(), "a row has no name");
         ++count;
       }
       require(count == 5 + run_length, "a query has another number of rows");
       const auto joined = bench.store->query("SELECT count(*) FROM main.params, \"fold-1\".params").one();
       require(joined.get<std::int64_t>(0) == 5 + run_length, "a query across scopes has another number of rows");
     }},
    {"close", {}, open_and_move, [](StoreBench& bench) { bench.store->close(); }, true},
};

void make_store_start(const fs::path& folder) {
  const auto fill = [](ParamStore& store) {
    store.setdefault("small", at::arange(small, at::kFloat));
    store.setdefault("scale", at::full({3}, 2.0F), constraints::positive);
    store.setdefault("large", at::arange(large, at::kFloat));
    for (int i = 0; i < run_length; ++i) store.setdefault(run_name(i), at::full({small}, static_cast<float>(i)));
    store.setdefault("gone", at::zeros({4}));
  };
  ParamStore store(folder / "model.params.db");
  fill(store);
  {
    // As a store with another limit writes it.
    storage::Database database = storage::open_database(folder / "model.params.db", storage_options());
    const std::vector<float> value(large, 1.0F);
    storage::ParamRecord record;
    record.name = "chunked";
    record.constraint_tag = "real";
    record.shape = {large};
    const storage::ValueBytes bytes{value.data(), value.size() * sizeof(float)};
    record.checksum = storage::value_checksum(bytes);
    storage::WriteTransaction transaction(database.main());
    transaction.insert(record, bytes);
    transaction.commit();
  }
  const auto guard = store.scope("fold-1");
  store.setdefault("w", at::ones({5}));
  ParamStore another(folder / "copy.db");
  another.setdefault("small", at::full({small}, 5.0F));
  another.setdefault("scale", at::full({7}, 5.0F));
  another.setdefault("new", at::full({large}, 5.0F));
}

}  // namespace faults
