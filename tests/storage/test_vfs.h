// A file system for SQLite that fails at the n-th operation, or loses unsynced data, when a test says so.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
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

  /// Writes into `folder` what a disk could hold if the power went now: of each file what was last synced,
  /// and of what was written since, the pieces of 4096 bytes for which `survives` says yes.
  void power_loss(const std::filesystem::path& folder, const std::function<bool()>& survives) const;

  /// What was written to a file and not yet synced; a truncation has no data.
  struct Change {
    std::int64_t offset;
    std::string data;
    bool truncation;
  };
  struct Disk {
    std::string synced;
    std::vector<Change> pending;
  };
  std::map<std::string, Disk> files;

  int allow(Operation operation) const { return before ? before(operation) : SQLITE_OK; }

 private:
  sqlite3_vfs vfs_;
};

}  // namespace paramstore::storage::testing
