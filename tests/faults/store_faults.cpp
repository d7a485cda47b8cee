// store_faults memory | system-calls | disk-full: each operation of ParamStore, while something fails.
//
// After every failed call: file, cache and leaves are as before, each leaf the same tensor with the same contents; other connections see
// that too and can write at once; the same call succeeds once the fault is gone; what was pending can be committed; and the store opens
// again and is sound. Nothing stays behind: no file, no descriptor, no mapping.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <memory>

#include "faults/attack.h"
#include "faults/attempts.h"
#include "faults/contents.h"
#include "faults/store_operations.h"
#include "faults/surroundings.h"
#include "faults/version_1.h"
#include "paramstore/error.h"
#include "store/warnings.h"

namespace {

namespace fs = std::filesystem;
using namespace faults;
using namespace paramstore;

struct Shown {
  Contents contents;
  std::map<std::string, at::Tensor> leaves;  // by "name" or "scope:name"
};

storage::Dtype dtype_of(const at::Tensor& tensor) {
  const auto dtype = storage::parse_dtype(tensor.scalar_type() == at::kDouble ? "float64" : "float32");
  return *dtype;
}

Rows shown_by(ParamStore& store, const std::string& prefix, std::map<std::string, at::Tensor>& leaves) {
  Rows rows;
  for (const auto& item : store.named_parameters()) {
    const at::Tensor leaf = item.value().detach().contiguous();
    const auto* data = static_cast<const char*>(leaf.data_ptr());
    Row row{item.key(), store.constraint(item.key()).tag(), dtype_of(leaf), leaf.sizes().vec(), 0, {}};
    row.value.assign(data, data + leaf.nbytes());
    rows.push_back(std::move(row));
    leaves[prefix + item.key()] = item.value();
  }
  return rows;
}

Shown shown_by(ParamStore& store) {
  Shown shown;
  shown.contents["store"] = shown_by(store, "", shown.leaves);
  for (const std::string& name : store.scopes()) {
    const auto guard = store.scope(name);
    shown.contents["store:" + name] = shown_by(store, name + ":", shown.leaves);
  }
  return shown;
}

// Of file `name`, named as `shown_by` names them; revisions are the file's business.
Contents of_store(const Contents& files, const std::string& name) {
  Contents contents;
  for (const auto& [key, rows] : files) {
    if (key != name && key.rfind(name + ":", 0) != 0) continue;
    Rows& copy = contents["store" + key.substr(name.size())];
    copy = rows;
    for (Row& row : copy) row.revision = 0;
  }
  return contents;
}

Contents without_empty(Contents contents) {
  for (auto each = contents.begin(); each != contents.end();)
    each = each->second.empty() ? contents.erase(each) : std::next(each);
  return contents;
}

std::string moved_leaf(const Shown& before, const Shown& now) {
  for (const auto& [name, leaf] : before.leaves) {
    const auto at = now.leaves.find(name);
    if (at == now.leaves.end() || !at->second.is_same(leaf)) return name + " has another leaf";
  }
  return {};
}

std::string store_file(const StoreOperation& operation) {
  return operation.name == "create" ? "new.db" : operation.name == "migrate" ? "old.db" : "model.params.db";
}

void copy_start(const fs::path& start, const fs::path& folder, const StoreOperation& operation) {
  fs::remove_all(folder);  // what an attempt that ended its process left
  fs::create_directory(folder);
  fs::copy(start / "model.params.db", folder / "model.params.db");
  fs::copy(start / "model.params.scopes", folder / "model.params.scopes", fs::copy_options::recursive);
  for (const std::string& name : operation.needs) fs::copy(start / name, folder / name);
}

class Trial {
 public:
  Trial(const StoreOperation& operation, Fault& fault, fs::path start, fs::path folder, bool memory)
      : operation_(operation), fault_(fault), start_(std::move(start)), folder_(std::move(folder)), memory_(memory) {}

  Attempted attempt(long n) {
    at::set_num_threads(1);
    const CapturedWarnings silence;
    Attempted attempted;
    learn_success();
    for (const bool again : {true, false}) {
      failed_ = false;
      attempted.lost = one(n, again, attempted);
      fs::remove_all(folder_);
      if (!attempted.lost.empty() || !failed_) break;
    }
    return attempted;
  }

 private:
  // What the operation leads to if nothing fails. Also makes LibTorch allocate what it allocates once.
  void learn_success() {
    if (learnt_) return;
    copy_start(start_, folder_, operation_);
    {
      StoreBench bench(folder_);
      operation_.prepare(bench);
      if (operation_.others != nullptr) operation_.others(bench);
      operation_.run(bench);
      if (!operation_.closes) after_ = shown_by(*bench.store).contents;
      files_after_ = contents_of(folder_);
      if (!operation_.closes) bench.store->close();
      files_closed_ = contents_of(folder_);
    }
    fs::remove_all(folder_);
    learnt_ = true;
  }

  std::string one(long n, bool again, Attempted& attempted) {
    copy_start(start_, folder_, operation_);
    const std::size_t descriptors = open_descriptors();
    Contents expected;
    {
      StoreBench bench(folder_);
      operation_.prepare(bench);
      Shown before;
      if (bench.store) before = shown_by(*bench.store);
      if (operation_.others != nullptr) operation_.others(bench);
      const Contents files_before = contents_of(folder_);
      const auto run = [&] { operation_.run(bench); };
      const auto check = [&] {
        if (operation_.check != nullptr) operation_.check(bench);
      };

      fault_.arm(folder_.string(), n);
      const Call call = call_of(run, memory_);
      const Fault::Seen seen = fault_.disarm();
      attempted.chances = seen.chances;
      attempted.happened = seen.happened;
      failed_ = call.failed;
      if (!call.wrong.empty()) return call.wrong;
      if (call.failed && n == 0) return "fails without a fault: " + call.error;
      const std::string told =
          call.failed ? "after the error \"" + call.error + "\": " : "after a call that succeeded: ";

      if (!call.failed) {
        if (const Call checked = call_of(check, false); !checked.wrong.empty()) return told + checked.wrong;
      }
      const Contents files = contents_of(folder_);
      std::string lost = difference(files, call.failed ? files_before : files_after_);
      // Making a store or a scope may end half way: it then exists, and is empty.
      if (call.failed && !lost.empty()) lost = difference(without_empty(files), without_empty(files_before));
      if (call.failed && !lost.empty() && says_done(call)) lost = difference(files, files_after_);
      if (!lost.empty()) return told + lost;

      const bool open = bench.store && (call.failed || !operation_.closes);
      if (open && call.failed && !says_done(call)) {
        const Shown now = shown_by(*bench.store);
        if (operation_.others != nullptr) {
          // Asking the store makes it read what others have committed.
          lost = difference(now.contents, of_store(files, store_file(operation_)));
        } else if (!before.contents.empty()) {
          lost = difference(without_empty(now.contents), without_empty(before.contents));
          if (lost.empty()) lost = moved_leaf(before, now);
        } else {
          lost = difference(without_empty(now.contents), without_empty(of_store(files, store_file(operation_))));
        }
      } else if (open && !call.failed) {
        lost = difference(shown_by(*bench.store).contents, after_);
      }
      if (!lost.empty()) return told + "in memory " + lost;
      if (bench.store) {
        lost = locked();
        if (!lost.empty()) return told + lost;
      }

      const bool done = !call.failed || says_done(call);
      if (!done && again) {
        const Call second = call_of(run, false);
        if (second.failed || !second.wrong.empty())
          return told + "then the same call fails without a fault: " + second.error + second.wrong;
        if (const Call checked = call_of(check, false); !checked.wrong.empty())
          return told + "then the same call succeeds, and " + checked.wrong;
        lost = difference(contents_of(folder_), files_after_);
        if (lost.empty() && !operation_.closes) lost = difference(shown_by(*bench.store).contents, after_);
        if (!lost.empty()) return told + "then the same call leads to another state: " + lost;
      }
      // What is pending is committed.
      if (bench.store && !(operation_.closes && !call.failed)) {
        const Call closing = call_of([&] { bench.store->close(); }, false);
        if (closing.failed) return told + "then closing fails without a fault: " + closing.error;
      }
      if (done || again) {
        expected = files_closed_;
      } else if (before.contents.empty() || operation_.others != nullptr) {
        expected = files;
      } else {
        expected = contents_of(folder_);
        lost = difference(without_empty(of_store(expected, store_file(operation_))), without_empty(before.contents));
        if (!lost.empty()) return told + "then, after closing, " + lost;
      }
    }
    const std::string lost = difference(contents_of(folder_), expected);
    if (!lost.empty()) return "after closing and opening again " + lost;
    return remains(descriptors, expected);
  }

  std::string locked() const {
    storage::InternalOptions options = storage_options();
    options.create = false;
    try {
      storage::Database database = storage::open_database(folder_ / store_file(operation_), options);
      const storage::WriteTransaction transaction(database.main());
    } catch (const StoreBusy& error) {
      return std::string("the write lock was kept: ") + error.what();
    }
    return {};
  }

  std::string remains(std::size_t descriptors, const Contents& expected) const {
    for (const auto& [name, rows] : expected) {
      if (name.find(':') != std::string::npos) continue;
      storage::Database database(folder_ / name);
      const storage::Verification verification = database.main().verify();
      if (!verification.damage.empty()) return name + " is damaged: " + verification.damage.front().what;
    }
    if (const std::string left = left_below(folder_, fault_.keeps_files()); !left.empty()) return left;
    if (open_descriptors() != descriptors)
      return std::to_string(open_descriptors()) + " descriptors are open instead of " + std::to_string(descriptors);
    return {};
  }

  const StoreOperation& operation_;
  Fault& fault_;
  const fs::path start_;
  const fs::path folder_;
  const bool memory_;
  bool failed_ = false;
  bool learnt_ = false;
  Contents after_;         // in memory
  Contents files_after_;   // then
  Contents files_closed_;  // after closing
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  const Workplace place;
  const Attack attack = attack_of(options, place.path());
  const fs::path start = place.path() / "start";
  fs::create_directory(start);
  // LibTorch has one thread, so that it can be forked.
  at::set_num_threads(1);
  make_store_start(start);
  make_version_1(start / "old.db");
  std::vector<Series> series;
  for (std::size_t i = 0; i < store_operations.size(); ++i) {
    for (std::size_t j = 0; j < attack.faults.size(); ++j) {
      if ((i + j) % attack.share != 0) continue;
      const StoreOperation& operation = store_operations[i];
      Fault& fault = *attack.faults[j];
      const auto trial = std::make_shared<Trial>(operation, fault, start, place.path() / "trial", attack.memory);
      series.push_back({operation.name + "/" + fault.label(), [trial](long n) { return trial->attempt(n); }});
    }
  }
  Figures figures(attack.name);
  try_all(series, options.only, attack.picks, "store_faults " + options.words.front(), figures);
  return figures.finish();
}
