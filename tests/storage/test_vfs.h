// A file system for SQLite that fails at the n-th operation, or loses unsynced data, when a test says so.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace paramstore::storage::testing {

class TestVfs {
 public:
  enum class Operation { open, read, write, sync, truncate, remove, lock };

  /// Registers itself under `name()` over the default file system; one at a time.
  TestVfs();
  ~TestVfs();
  TestVfs(const TestVfs&) = delete;
  TestVfs& operator=(const TestVfs&) = delete;
  static const char* name() { return "paramstore-test"; }
  /// Whoever names no file system gets this one from now on, as long as it lives.
  void make_default() { sqlite3_vfs_register(&vfs_, 1); }

  /// Asked before every operation; what it returns, if not SQLITE_OK, is what the operation returns instead
  /// of being done.
  std::function<int(Operation)> before;
  /// Whether a sync that is allowed waits for the real disk, which is what takes the time.
  bool really_sync = true;

  /// For InternalOptions::sync: waits for the disk where the library itself does, not SQLite. Asks `before`, too.
  std::function<void(const std::filesystem::path&)> syncing();

  /// Writes into `folder` what a disk could hold of `root` if the power went now: of each file what was last synced, and
  /// of what was written since, the pieces of 4096 bytes for which `survives` says yes. So with names: a file or folder
  /// that was made, renamed or removed since its folder was last synced is there under its new name if `survives` says
  /// so, and as it was before if not.
  void power_loss(const std::filesystem::path& root, const std::filesystem::path& folder,
                  const std::function<bool()>& survives);

  /// What was written to a file and not yet synced; a truncation has no data.
  struct Change {
    std::int64_t offset;
    std::string data;
    bool truncation;
  };
  struct Disk {
    std::uint64_t inode = 0;
    std::string synced;
    std::vector<Change> pending;
  };
  using Names = std::map<std::string, std::shared_ptr<Disk>>;

  int allow(Operation operation) const { return before ? before(operation) : SQLITE_OK; }

  // For the functions that SQLite calls.
  std::shared_ptr<Disk> opened(const std::string& path, bool existed, const std::function<std::string()>& contents);
  void removed(const std::string& path) { names_.erase(path); }
  void names_synced(const std::filesystem::path& folder);

 private:
  void look();

  sqlite3_vfs vfs_;
  Names names_;          // as the file system shows them
  Names names_on_disk_;  // as their folders were last synced
  std::set<std::string> folders_on_disk_;
  std::vector<std::shared_ptr<Disk>> all_;  // open files may outlive their names
};

}  // namespace paramstore::storage::testing
