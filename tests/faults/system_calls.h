// The system calls that SQLite, libstdc++ and paramstore make on files of one folder, seen before and after they happen.
//
// system_calls.cpp defines the C library's functions in the program, so that the shared libraries' calls come here first.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

namespace faults {

enum class SystemCall {
  open,  // also openat, fopen, opendir
  read,
  write,
  sync,      // fsync and fdatasync: `path` may be a folder
  truncate,  // ftruncate and truncate
  lock,      // fcntl with a lock
  map,       // mmap, mremap
  unlink,    // also rmdir, remove
  rename,    // `path` to `target`
  mkdir,
  stat,   // stat, lstat, fstat, access
  close,
  allocate,  // fallocate, posix_fallocate
  other,     // link, symlink, chmod, utime: what nothing here needs to tell apart
};

struct CallSeen {
  SystemCall call;
  std::string path;              // whole; of the file that the descriptor was opened for, under its newest name
  std::string target;            // rename: the new path
  int fd = -1;                   // -1 if the call takes none
  int flags = 0;                 // open's
  off_t offset = 0;              // read, write; truncate: the new length
  std::size_t size = 0;          // read, write
  const void* data = nullptr;    // write
};

/// What is to become of a call.
struct Verdict {
  int error = 0;                 // if not 0, the call is not made and fails with this errno
  std::size_t only = SIZE_MAX;   // read, write: makes the call with at most this many bytes
};

class SystemCallObserver {
 public:
  virtual ~SystemCallObserver() = default;
  /// Called on the thread that makes the call, under a mutex, so by one thread at a time.
  virtual Verdict before(const CallSeen& call) = 0;
  /// `result` is what the call returned; not called for calls that the verdict refused.
  virtual void after(const CallSeen& call, ssize_t result) = 0;
};

/// While this lives, `observer` sees all calls on `folder` and what lies below it. At most one at a time. What the observer itself
/// does on its thread is not seen.
class Observation {
 public:
  Observation(std::string folder, SystemCallObserver& observer);
  ~Observation();
  Observation(const Observation&) = delete;
  Observation& operator=(const Observation&) = delete;
};

}  // namespace faults
