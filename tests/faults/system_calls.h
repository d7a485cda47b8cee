// The system calls that SQLite, libstdc++ and paramstore make on the files of one folder, seen before and after they happen.
//
// system_calls.cpp defines the C library's functions in the program, so that the shared libraries' calls come here first. Without
// an Observation they go straight on.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace faults {

enum class SystemCall {
  open,      // also openat, fopen, opendir
  read,      // also pread
  write,     // also pwrite
  sync,      // fsync and fdatasync, also of folders
  truncate,  // also ftruncate
  lock,      // fcntl that takes or asks for a lock
  unlock,    // fcntl that gives one back
  map,       // mmap of a file; mremap, whose `path` is the folder
  unlink,    // also rmdir and remove
  rename,
  mkdir,
  stat,  // also lstat, fstat, access
  close,
  allocate,  // fallocate, posix_fallocate
  thread,    // pthread_create, whose `path` is the folder
  other,     // link, chmod, fchmod, fchown, utime
};

struct CallSeen {
  SystemCall call = SystemCall::other;
  /// Absolute. If the call takes a descriptor, the file's newest name, with " (deleted)" if it has none left.
  std::string path;
  std::string target;          // rename and link: the new path
  int fd = -1;                 // -1 if the call takes none
  int flags = 0;               // open's
  off_t offset = 0;            // read, write; truncate: the new length
  std::size_t size = 0;        // read, write
  const void* data = nullptr;  // write
};

/// What becomes of a call.
struct Verdict {
  /// If not 0, the call fails with this errno. It is not made, except close, which the kernel also completes.
  int error = 0;
  /// read, write: the call is made with at most this many bytes.
  std::size_t only = SIZE_MAX;
};

class SystemCallObserver {
 public:
  SystemCallObserver() = default;
  SystemCallObserver(const SystemCallObserver&) = delete;
  SystemCallObserver& operator=(const SystemCallObserver&) = delete;
  virtual ~SystemCallObserver() = default;
  /// Called on the thread that makes the call, by one thread at a time. Must not throw.
  virtual Verdict before(const CallSeen& call) = 0;
  /// `result` is what the call returned. Not called if the verdict was an error. Must not throw.
  virtual void after(const CallSeen& call, std::int64_t result) = 0;
};

/// While this lives, `observer` sees all calls on `folder` (an absolute path without symbolic links) and what lies below it. One
/// at a time. What the observer itself does is not seen. Meanwhile usleep and nanosleep return at once.
class Observation {
 public:
  Observation(std::string folder, SystemCallObserver& observer);
  ~Observation();
  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;
};

/// The same for sleeping, without an Observation.
void let_nobody_sleep(bool awake);

}  // namespace faults
