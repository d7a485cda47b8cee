// What can go wrong while one call of the store runs.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace faults {

class Fault {
 public:
  Fault() = default;
  Fault(const Fault&) = delete;
  Fault& operator=(const Fault&) = delete;
  virtual ~Fault() = default;

  virtual const std::string& label() const noexcept = 0;
  /// Whether it keeps files from being removed: then temporary ones may stay.
  virtual bool keeps_files() const noexcept { return false; }
  /// From now on it happens at its `n`th chance on the files of `folder`; with 0 never.
  virtual void arm(const std::string& folder, long n) = 0;

  struct Seen {
    long chances = 0;
    bool happened = false;
  };
  virtual Seen disarm() = 0;
};

using Faults = std::vector<std::unique_ptr<Fault>>;

/// Each kind of system call, with each errno that fits it, once and lasting; and a disk that is gone.
Faults system_call_faults();
/// Allocations, one and all that follow.
Faults memory_faults();
/// A disk with room for n - 1 writes: the nth is made in part, what follows fails.
Faults full_disk_faults();

/// A real disk of which n - 1 pages of 4 KiB are free: one that `mount_small_disk` has mounted.
Faults small_disk_faults(const std::filesystem::path& disk);

/// A file system in memory, mounted at `folder` as long as this process and those that it forks live, and seen by nobody else.
/// Returns false if this process may not mount.
bool mount_small_disk(const std::filesystem::path& folder);

}  // namespace faults
