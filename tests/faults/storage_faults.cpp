// storage_faults memory | system-calls | disk-full: each operation of storage, while something fails.
//
// After every failed call: what other connections see is what they saw before, what the connection itself sees is the same, the
// write lock is free, the same call succeeds once the fault is gone, and the store opens again and is sound. Nothing stays behind: no
// file, no descriptor, no mapping.
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <new>
#include <system_error>

#include "faults/attack.h"
#include "faults/attempts.h"
#include "faults/storage_operations.h"
#include "faults/surroundings.h"
#include "paramstore/error.h"

namespace {

namespace fs = std::filesystem;
using namespace faults;
using namespace paramstore;
using namespace paramstore::storage;

enum class Afterwards { again, leave };  // after a failed call: repeat it, or close and look

void copy_start(const fs::path& start, const fs::path& folder, const StorageOperation& operation) {
  fs::remove_all(folder);  // what an attempt that ended its process left
  fs::create_directory(folder);
  fs::copy(start / "model.params.db", folder / "model.params.db");
  fs::copy(start / "model.params.scopes", folder / "model.params.scopes", fs::copy_options::recursive);
  for (const std::string& name : operation.needs) fs::copy(start / name, folder / name);
}

// Whether each store can be written at once.
std::string locked(const Contents& contents, const fs::path& folder) {
  for (const auto& [name, rows] : contents) {
    if (name.find(':') != std::string::npos) continue;
    InternalOptions options = storage_options();
    options.create = false;
    try {
      Database database = open_database(folder / name, options);
      const WriteTransaction transaction(database.main());
    } catch (const StoreBusy& error) {
      return std::string("the write lock was kept: ") + error.what();
    }
  }
  return {};
}

class Trial {
 public:
  Trial(const StorageOperation& operation, Fault& fault, const fs::path& start, fs::path folder, bool memory)
      : operation_(operation), fault_(fault), start_(start), folder_(std::move(folder)), memory_(memory) {}

  Attempted attempt(long n) {
    Attempted attempted;
    const Contents& after = after_success();
    for (const Afterwards afterwards : {Afterwards::again, Afterwards::leave}) {
      failed_ = false;
      attempted.lost = one(n, afterwards, after, attempted);
      fs::remove_all(folder_);
      if (!attempted.lost.empty() || !failed_) break;
    }
    return attempted;
  }

 private:
  // What the operation leads to if nothing fails.
  const Contents& after_success() {
    if (!after_) {
      copy_start(start_, folder_, operation_);
      {
        Bench bench(folder_);
        operation_.prepare(bench);
        operation_.run(bench);
        after_ = contents_of(folder_);
      }
      fs::remove_all(folder_);
    }
    return *after_;
  }

  std::string one(long n, Afterwards afterwards, const Contents& after, Attempted& attempted) {
    copy_start(start_, folder_, operation_);
    const std::size_t descriptors = open_descriptors();
    Contents expected = after;
    {
      Bench bench(folder_);
      operation_.prepare(bench);
      const Contents before = contents_of(folder_);
      const auto run = [&] { operation_.run(bench); };

      fault_.arm(folder_.string(), n);
      const Call call = call_of(run, memory_);
      const Fault::Seen seen = fault_.disarm();
      attempted.chances = seen.chances;
      attempted.happened = seen.happened;
      failed_ = call.failed;
      if (!call.wrong.empty()) return call.wrong;
      if (call.failed && n == 0) return "fails without a fault: " + call.error;

      const Contents found = contents_of(folder_);
      std::string lost = difference(found, call.failed ? before : after);
      // Making a store or a scope may end half way: it then exists, and is empty.
      if (call.failed && !lost.empty()) lost = difference(without_empty(found), without_empty(before));
      if (call.failed && !lost.empty() && says_done(call)) lost = difference(found, after);
      if (!lost.empty()) return told(call) + lost;
      if (bench.database && operation_.name.find("memory") == std::string::npos) {
        const std::string name = bench.main().path().substr(bench.main().path().rfind('/') + 1);
        Contents own;
        add_contents(own, name, *bench.database);
        Contents theirs = found;
        for (auto each = theirs.begin(); each != theirs.end();) {
          each = each->first == name || each->first.rfind(name + ":", 0) == 0 ? std::next(each) : theirs.erase(each);
        }
        lost = difference(own, theirs);
        if (!lost.empty()) return told(call) + "the connection sees another state than others: " + lost;
      }
      lost = locked(found, folder_);
      if (!lost.empty()) return told(call) + lost;

      if (call.failed && afterwards == Afterwards::again && !says_done(call)) {
        const Call again = call_of(run, false);
        if (again.failed || !again.wrong.empty())
          return told(call) + "then the same call fails without a fault: " + again.error + again.wrong;
        lost = difference(contents_of(folder_), after);
        if (!lost.empty()) return told(call) + "then the same call leads to another state: " + lost;
      } else {
        expected = found;
      }
    }
    const std::string lost = difference(contents_of(folder_), expected);
    if (!lost.empty()) return "after closing and opening again " + lost;
    return remains(descriptors, expected);
  }

  std::string remains(std::size_t descriptors, const Contents& expected) const {
    for (const auto& [name, rows] : expected) {
      if (name.find(':') != std::string::npos) continue;
      Database database(folder_ / name);
      const Verification verification = database.main().verify();
      if (!verification.damage.empty()) return name + " is damaged: " + verification.damage.front().what;
    }
    if (const std::string left = left_below(folder_, fault_.keeps_files()); !left.empty()) return left;
    if (open_descriptors() != descriptors)
      return std::to_string(open_descriptors()) + " descriptors are open instead of " + std::to_string(descriptors);
    return {};
  }

  static Contents without_empty(Contents contents) {
    for (auto each = contents.begin(); each != contents.end();)
      each = each->second.empty() ? contents.erase(each) : std::next(each);
    return contents;
  }

  static std::string told(const Call& call) {
    return call.failed ? "after the error \"" + call.error + "\": " : "after a call that succeeded: ";
  }

  const StorageOperation& operation_;
  Fault& fault_;
  const fs::path start_;
  const fs::path folder_;
  const bool memory_;
  bool failed_ = false;
  std::optional<Contents> after_;
};

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  const Workplace place;
  const Attack attack = attack_of(options, place.path());

  const fs::path start = place.path() / "start";
  fs::create_directory(start);
  make_storage_start(start);
  std::vector<Series> series;
  for (std::size_t i = 0; i < storage_operations.size(); ++i) {
    for (std::size_t j = 0; j < attack.faults.size(); ++j) {
      if ((i + j) % attack.share != 0) continue;
      const StorageOperation& operation = storage_operations[i];
      Fault& fault = *attack.faults[j];
      const auto trial = std::make_shared<Trial>(operation, fault, start, place.path() / "trial", attack.memory);
      series.push_back({operation.name + "/" + fault.label(), [trial](long n) { return trial->attempt(n); }});
    }
  }
  Figures figures(attack.name);
  try_all(series, options.only, attack.picks, "storage_faults " + options.words.front(), figures);
  return figures.finish();
}
