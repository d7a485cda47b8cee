#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "faults/fault.h"
#include "faults/system_calls.h"

namespace faults {
namespace {

namespace fs = std::filesystem;

bool takes_room(SystemCall call) {
  return call == SystemCall::write || call == SystemCall::mkdir || call == SystemCall::allocate;
}

// Any process may have this one. It is stricter than a disk: a write over what is there already fails too.
class RefusedWrites final : public Fault, private SystemCallObserver {
 public:
  const std::string& label() const noexcept override { return label_; }

  void arm(const std::string& folder, long n) override {
    n_ = n;
    seen_ = {};
    SystemCallObserver& observer = *this;
    observation_.emplace(folder, observer);
  }

  Seen disarm() override {
    observation_.reset();
    return seen_;
  }

 private:
  Verdict before(const CallSeen& call) override {
    if (!takes_room(call.call)) return {};
    const long number = ++seen_.chances;
    if (n_ == 0 || number < n_) return {};
    seen_.happened = true;
    Verdict verdict;
    if (number == n_ && call.size > 1) {
      verdict.only = call.size / 2;
    } else {
      verdict.error = ENOSPC;
    }
    return verdict;
  }
  void after(const CallSeen&, std::int64_t) override {}

  const std::string label_ = "writes refused with ENOSPC";
  long n_ = 0;
  Seen seen_;
  std::optional<Observation> observation_;
};

constexpr std::uint64_t page = 4096;

void set_size(const fs::path& disk, std::uint64_t bytes) {
  const std::string option = "size=" + std::to_string(bytes);
  if (::mount("none", disk.c_str(), "tmpfs", MS_REMOUNT, option.c_str()) != 0)
    throw std::runtime_error(disk.string() + ": its size cannot be changed: " + std::strerror(errno));
}

constexpr std::uint64_t roomy = std::uint64_t{256} << 20;

class SmallDisk final : public Fault, private SystemCallObserver {
 public:
  explicit SmallDisk(fs::path disk) : disk_(std::move(disk)) {}

  const std::string& label() const noexcept override { return label_; }

  void arm(const std::string& folder, long n) override {
    counting_ = n == 0;
    if (counting_) most_ = 0;
    seen_ = {};
    struct statvfs status = {};
    if (::statvfs(disk_.c_str(), &status) != 0) throw std::runtime_error(disk_.string() + ": " + std::strerror(errno));
    used_ = (status.f_blocks - status.f_bfree) * status.f_frsize;
    if (!counting_) set_size(disk_, used_ + static_cast<std::uint64_t>(n - 1) * page);
    SystemCallObserver& observer = *this;
    observation_.emplace(folder, observer);
  }

  Seen disarm() override {
    observation_.reset();
    if (counting_) {
      seen_.chances = static_cast<long>(most_ / page) + 1;
    } else {
      set_size(disk_, roomy);
    }
    return seen_;
  }

 private:
  Verdict before(const CallSeen&) override { return {}; }
  void after(const CallSeen& call, std::int64_t result) override {
    if (result < 0 && errno == ENOSPC) seen_.happened = true;
    if (call.call == SystemCall::write && result >= 0 && static_cast<std::size_t>(result) < call.size)
      seen_.happened = true;
    if (!counting_ || !takes_room(call.call)) return;
    struct statvfs status = {};
    if (::statvfs(disk_.c_str(), &status) != 0) return;
    const std::uint64_t used = (status.f_blocks - status.f_bfree) * status.f_frsize;
    if (used > used_ && used - used_ > most_) most_ = used - used_;
  }

  const fs::path disk_;
  const std::string label_ = "a small disk";
  bool counting_ = false;
  std::uint64_t used_ = 0;
  std::uint64_t most_ = 0;  // that was used beyond it
  Seen seen_;
  std::optional<Observation> observation_;
};

}  // namespace

Faults full_disk_faults() {
  Faults faults;
  faults.push_back(std::make_unique<RefusedWrites>());
  return faults;
}

Faults small_disk_faults(const fs::path& disk) {
  Faults faults;
  faults.push_back(std::make_unique<SmallDisk>(disk));
  return faults;
}

bool mount_small_disk(const fs::path& folder) {
  // The new namespace ends with the last process in it, and the disk with it.
  if (::unshare(CLONE_NEWNS) != 0) return false;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  const std::string option = "size=" + std::to_string(roomy);
  return ::mount("none", folder.c_str(), "tmpfs", 0, option.c_str()) == 0;
}

}  // namespace faults
