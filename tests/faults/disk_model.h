// What a disk may hold after the power went, by the system calls until then: of each file what was synced, and any of what was
// written since, in pieces; of each folder the names that were synced with it, and any of the changes since.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "faults/system_calls.h"

namespace faults {

/// One call that changed something, or synced it. Paths are below the folder that is watched; empty for that folder itself.
struct DiskCall {
  enum class Kind { create, write, truncate, sync, remove, rename, make_folder };
  Kind kind;
  std::string path;
  std::string target;       // rename
  std::int64_t offset = 0;  // write; truncate: the new length
  std::string data;         // write
};

/// Records the calls on one folder. Throws nothing: what it cannot follow is in `failure`.
class Recorder : public SystemCallObserver {
 public:
  explicit Recorder(std::filesystem::path folder);

  Verdict before(const CallSeen& call) override;
  void after(const CallSeen& call, std::int64_t result) override;

  std::vector<DiskCall> calls;
  std::string failure;

 private:
  std::string below(const std::string& path) const;
  bool exists(const std::string& path) const { return existing_.count(path) != 0; }

  std::filesystem::path folder_;
  std::set<std::string> existing_;
};

/// A disk, from the files that it holds safely at first, and the calls made since.
class DiskModel {
 public:
  /// Paths and contents of the files that are there.
  explicit DiskModel(const std::map<std::string, std::string>& files);

  void apply(const DiskCall& call);

  /// Writes into `folder` what the disk may hold if the power goes now. Which of all that may be is up to `random`.
  void power_loss(const std::filesystem::path& folder, std::mt19937_64& random) const;

 private:
  struct Change {
    std::int64_t offset;
    std::string data;
    bool truncation;
  };
  struct Node {
    bool is_folder = false;
    std::string synced;
    std::vector<Change> pending;
    std::map<std::string, int> entries;  // of a folder, as they are now
    std::map<std::string, int> synced_entries;
  };
  // A change of names that no sync has made safe.
  struct NameChange {
    DiskCall::Kind kind;
    int folder;
    std::string name;
    int node;
    std::string target;  // in the same folder
  };

  int make_node(bool is_folder);
  int find(const std::string& path) const;
  /// The folder of a path, and the name in it.
  std::pair<int, std::string> place_of(const std::string& path) const;
  void write_tree(const std::vector<std::map<std::string, int>>& names, int node, const std::filesystem::path& path,
                  std::mt19937_64& random) const;
  std::string contents_after_loss(const Node& node, std::mt19937_64& random) const;

  std::vector<Node> nodes_;  // the first is the folder itself
  std::vector<NameChange> name_changes_;
};

}  // namespace faults
