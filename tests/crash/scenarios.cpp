#include "crash/scenarios.h"

#include <ATen/ATen.h>

#include <stdexcept>
#include <string>

#include "paramstore/param_store.h"
#include "paramstore/storage/database.h"

namespace {

namespace fs = std::filesystem;
using paramstore::ParamStore;
namespace storage = paramstore::storage;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

fs::path store_in(const fs::path& folder) { return folder / "model.params.db"; }

// Plain loops, not LibTorch's: a child is forked before its parent has computed anything, and stays with one thread.
at::Tensor filled(std::int64_t size, std::int32_t number) {
  at::Tensor value = at::empty({size}, at::kDouble);
  double* element = value.data_ptr<double>();
  for (std::int64_t i = 0; i < size; ++i) element[i] = number;
  return value;
}

void fill(const at::Tensor& leaf, std::int32_t number) {
  double* element = leaf.data_ptr<double>();
  for (std::int64_t i = 0; i < leaf.numel(); ++i) element[i] = number;
}

/// The number that every element of every parameter has, all values being verified against their checksums on the
/// way; 0 for a store without parameters. `only`: of the parameters whose name begins so.
std::int32_t number_in(storage::StoreFile& file, const std::string& only = "") {
  std::vector<std::vector<double>> values;
  const auto rows = file.read_all([&](const storage::ParamRecord& record) -> void* {
    values.emplace_back(static_cast<std::size_t>(*storage::value_size(record.shape, record.dtype)) / sizeof(double));
    return values.back().data();
  });
  const double* first = nullptr;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto& record = rows[i].record;
    if (record.name.compare(0, only.size(), only) != 0) continue;
    if (!record.checksum) fail("'" + record.name + "' has no checksum");
    for (const double& element : values[i]) {
      if (!first) first = &element;
      if (element != *first) {
        fail("half a commit: '" + record.name + "' has " + std::to_string(element) + ", others have " +
             std::to_string(*first));
      }
    }
  }
  return first ? static_cast<std::int32_t>(*first) : 0;
}

std::map<std::int32_t, std::int32_t> check_store(const fs::path& folder) {
  if (!fs::exists(store_in(folder))) return {{0, 0}};
  storage::Database database(store_in(folder));
  return {{0, number_in(database.main())}};
}

std::int32_t number_there(const fs::path& folder) { return check_store(folder)[0]; }

void set_one_value(const fs::path& folder, const Reporter& report) {
  std::int32_t number = number_there(folder);
  ParamStore store(store_in(folder));
  for (;;) {
    store.set("step", filled(1, ++number));
    report(0, number);
  }
}

/// `count` parameters of `size` elements, changed in place and committed.
template <int count, int size>
void commit_rows(const fs::path& folder, const Reporter& report) {
  std::int32_t number = number_there(folder);
  ParamStore store(store_in(folder));
  {
    auto batch = store.batch();
    for (int i = 0; i < count; ++i)
      store.setdefault("layers." + std::to_string(i) + ".self_attention.weight", filled(size, number));
    batch.commit();
  }
  const auto leaves = store.parameters();
  for (;;) {
    ++number;
    for (const at::Tensor& leaf : leaves) fill(leaf, number);
    store.commit();
    report(0, number);
  }
}

/// A batch of all sorts: values of another shape, names that come and go.
void commit_batches(const fs::path& folder, const Reporter& report) {
  std::int32_t number = number_there(folder);
  ParamStore store(store_in(folder));
  for (;;) {
    ++number;
    auto batch = store.batch();
    store.set("same shape", filled(100, number));
    store.set("another shape", filled(1 + number % 7, number));
    store.set("large", filled(20000 + number % 2, number));
    const std::string comes = "comes and goes " + std::to_string(number % 3);
    if (!store.erase(comes)) store.setdefault(comes, filled(3, number));
    for (const std::string& name : store.keys()) {
      if (name.compare(0, 5, "comes") == 0) store.set(name, filled(3, number));
    }
    batch.commit();
    report(0, number);
  }
}

void commit_in_scopes(const fs::path& folder, const Reporter& report) {
  std::int32_t number = number_there(folder);
  ParamStore store(store_in(folder));
  std::map<std::int32_t, std::int32_t> numbers{{1, 0}, {2, 0}};
  for (auto& [scope, there] : numbers) {
    const auto guard = store.scope("fold-" + std::to_string(scope));
    if (store.contains("w")) there = static_cast<std::int32_t>(store.unconstrained("w").data_ptr<double>()[0]);
  }
  for (;;) {
    ++number;
    store.set("w", filled(50, number));
    report(0, number);
    for (auto& [scope, there] : numbers) {
      const auto guard = store.scope("fold-" + std::to_string(scope));
      store.setdefault("w", filled(1000, there));
      store.setdefault("v", filled(10, there));
      ++there;
      fill(store.unconstrained("w"), there);
      fill(store.unconstrained("v"), there);
      store.commit();
      report(scope, there);
    }
  }
}

std::map<std::int32_t, std::int32_t> check_scopes(const fs::path& folder) {
  auto found = check_store(folder);
  if (!fs::exists(store_in(folder))) return found;
  storage::Database database(store_in(folder));
  for (const std::string& name : database.scope_names()) {
    const auto file = database.scope(name);
    // Both of its parameters are made before the first commit, each in a transaction of its own.
    found[std::stoi(name.substr(5))] = number_in(*file);
  }
  return found;
}

/// One new store after another.
void create(const fs::path& folder, const Reporter& report) {
  for (std::int32_t number = 1;; ++number) {
    const auto path = folder / ("new-" + std::to_string(number) + ".db");
    ParamStore store(path);
    auto batch = store.batch();
    store.setdefault("a", filled(3, number));
    store.setdefault("b", filled(300, number));
    batch.commit();
    report(number, number);
  }
}

std::map<std::int32_t, std::int32_t> check_created(const fs::path& folder) {
  std::map<std::int32_t, std::int32_t> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".db") continue;
    const std::int32_t number = std::stoi(entry.path().filename().string().substr(4));
    storage::Database database(entry.path());
    const std::int32_t there = number_in(database.main());
    const std::size_t count = database.main().count();
    if (count != 0 && count != 2) fail("half a batch in " + entry.path().string());
    if (count == 2 && there != number) fail("another store in " + entry.path().string());
    found[number] = there;
  }
  return found;
}

/// Saves to the same target over and over.
void save(const fs::path& folder, const Reporter& report) {
  std::int32_t number = check_store(folder)[0];
  ParamStore store(store_in(folder));
  store.setdefault("small", filled(10, number));
  store.setdefault("large", filled(30000, number));
  for (;;) {
    ++number;
    for (const at::Tensor& leaf : store.parameters()) fill(leaf, number);
    if (number % 2 == 0) store.commit();  // else the copy has what the file has not
    store.save(folder / "saved.db");
    report(1, number);
    if (number % 2 != 0) store.commit();
    report(0, number);
  }
}

std::map<std::int32_t, std::int32_t> check_saved(const fs::path& folder) {
  auto found = check_store(folder);
  if (!fs::exists(folder / "saved.db")) return found;
  storage::OpenOptions options;
  options.read_only = true;
  storage::Database saved(folder / "saved.db", options);
  if (saved.main().count() != 2) fail("half a saved file");
  found[1] = number_in(saved.main());
  return found;
}

}  // namespace

const std::vector<Scenario> scenarios{
    {"one value, set", set_one_value, check_store},
    {"200 small values, changed in place", commit_rows<200, 8>, check_store},
    {"4 values of 2 MB", commit_rows<4, 250000>, check_store},
    {"batches of all sorts", commit_batches, check_store},
    {"two scopes beside the store", commit_in_scopes, check_scopes},
    {"new stores", create, check_created, true},
    // A number that was committed, and not saved before the kill, is never saved: the next child saves the one after it.
    {"saved copies", save, check_saved, false, 2},
};
