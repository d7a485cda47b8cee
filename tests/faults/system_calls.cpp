#undef _FORTIFY_SOURCE  // its inline functions are those that are defined here

#include "faults/system_calls.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <mutex>
#include <type_traits>

namespace faults {
namespace {

// Calls come before the program's own objects exist and after they are gone, so nothing here is ever destroyed.
std::atomic<SystemCallObserver*> observer{nullptr};
std::atomic<bool> nobody_sleeps{false};
std::mutex& observing() {
  static std::mutex* const mutex = new std::mutex;
  return *mutex;
}
std::string& folder() {  // under the mutex
  static std::string* const path = new std::string;
  return *path;
}
thread_local bool inside = false;

// The next definition of a function after the program's own.
template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

bool watching() { return observer.load(std::memory_order_acquire) != nullptr && !inside; }

template <class Result>
std::int64_t number(Result result) {
  if constexpr (std::is_pointer_v<Result>) {
    return static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(result));
  } else {
    return static_cast<std::int64_t>(result);
  }
}

bool concerns(const std::string& path) {
  const std::string& watched = folder();
  return path.compare(0, watched.size(), watched) == 0 &&
         (path.size() == watched.size() || path[watched.size()] == '/');
}

std::string path_of(int fd) {
  char link[64];
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  char path[PATH_MAX];
  const ssize_t size = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof(path));
  return size < 0 ? std::string() : std::string(path, static_cast<std::size_t>(size));
}

std::string absolute(const char* path, int folder_fd = AT_FDCWD) {
  if (path[0] == '/') return path;
  if (folder_fd != AT_FDCWD) return path_of(folder_fd) + "/" + path;
  char current[PATH_MAX];
  const auto size = syscall(SYS_getcwd, current, sizeof(current));
  return (size > 0 ? std::string(current) : std::string()) + "/" + path;
}

class Inside {
 public:
  Inside() { inside = true; }
  ~Inside() { inside = false; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
};

// Shows the call to the observer, makes it or not, and shows its result. `describe` fills in the rest of the CallSeen; `make` gets
// the number of bytes that the verdict leaves. `failure` is the return value of a call that fails.
template <class Result, class Describe, class Make>
Result observe(SystemCall kind, Result failure, Describe&& describe, Make&& make) {
  if (!watching()) return make(SIZE_MAX);
  const int before_errno = errno;
  CallSeen seen;
  Verdict verdict;
  bool shown = false;
  {
    const Inside own;
    seen.call = kind;
    describe(seen);
    const std::lock_guard<std::mutex> lock(observing());
    SystemCallObserver* const current = observer.load();
    if (current != nullptr && (concerns(seen.path) || (!seen.target.empty() && concerns(seen.target)))) {
      shown = true;
      verdict = current->before(seen);
    }
  }
  errno = before_errno;
  if (verdict.error != 0) {
    if (kind == SystemCall::close) make(SIZE_MAX);
    errno = verdict.error;
    return failure;
  }
  const Result result = make(verdict.only);
  if (shown) {
    const int after_errno = errno;
    const Inside own;
    const std::lock_guard<std::mutex> lock(observing());
    if (SystemCallObserver* const current = observer.load()) current->after(seen, number(result));
    errno = after_errno;
  }
  return result;
}

}  // namespace

Observation::Observation(std::string watched, SystemCallObserver& by) {
  const std::lock_guard<std::mutex> lock(observing());
  folder() = std::move(watched);
  observer.store(&by);
}

Observation::~Observation() {
  const std::lock_guard<std::mutex> lock(observing());
  observer.store(nullptr);
}

void let_nobody_sleep(bool awake) { nobody_sleeps = awake; }

}  // namespace faults

// The C library's functions, as its headers declare them. A macro for those that have a second name with 64-bit offsets.

using faults::absolute;
using faults::CallSeen;
using faults::next;
using faults::observe;
using faults::path_of;
using faults::SystemCall;

namespace {

mode_t mode_argument(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

int open_next(const char* name, const char* path, int flags, mode_t mode) {
  return observe(
      SystemCall::open, -1,
      [&](CallSeen& seen) {
        seen.path = absolute(path);
        seen.flags = flags;
      },
      [&](std::size_t) { return next<int(const char*, int, ...)>(name)(path, flags, mode); });
}

int openat_next(const char* name, int at, const char* path, int flags, mode_t mode) {
  return observe(
      SystemCall::open, -1,
      [&](CallSeen& seen) {
        seen.path = absolute(path, at);
        seen.flags = flags;
      },
      [&](std::size_t) { return next<int(int, const char*, int, ...)>(name)(at, path, flags, mode); });
}

auto of_descriptor(int fd) {
  return [fd](CallSeen& seen) {
    seen.path = path_of(fd);
    seen.fd = fd;
  };
}

auto of_path(const char* path) {
  return [path](CallSeen& seen) { seen.path = absolute(path); };
}

void in_folder(CallSeen& seen) { seen.path = faults::folder(); }

int lock_next(const char* name, int fd, int command, void* argument) {
  const auto make = [&](std::size_t) { return next<int(int, int, ...)>(name)(fd, command, argument); };
  switch (command) {
    case F_SETLK:
    case F_SETLKW:
    case F_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
    case F_OFD_GETLK:
      return observe(
          static_cast<const struct flock*>(argument)->l_type == F_UNLCK ? SystemCall::unlock : SystemCall::lock, -1,
          of_descriptor(fd), make);
    default:
      return make(0);
  }
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

#define OPEN(name)                                       \
  int name(const char* path, int flags, ...) {           \
    va_list arguments;                                   \
    va_start(arguments, flags);                          \
    const mode_t mode = mode_argument(flags, arguments); \
    va_end(arguments);                                   \
    return open_next(#name, path, flags, mode);          \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                     \
  int name(int at, const char* path, int flags, ...) {   \
    va_list arguments;                                   \
    va_start(arguments, flags);                          \
    const mode_t mode = mode_argument(flags, arguments); \
    va_end(arguments);                                   \
    return openat_next(#name, at, path, flags, mode);    \
  }
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name)                                                                                        \
  FILE* name(const char* path, const char* mode) {                                                         \
    return observe(SystemCall::open, static_cast<FILE*>(nullptr), of_path(path),                           \
                   [&](std::size_t) { return next<FILE*(const char*, const char*)>(#name)(path, mode); }); \
  }
FOPEN(fopen)
FOPEN(fopen64)

DIR* opendir(const char* path) {
  return observe(SystemCall::open, static_cast<DIR*>(nullptr), of_path(path),
                 [&](std::size_t) { return next<DIR*(const char*)>("opendir")(path); });
}

int close(int fd) {
  return observe(SystemCall::close, -1, of_descriptor(fd), [&](std::size_t) { return next<int(int)>("close")(fd); });
}

ssize_t read(int fd, void* data, size_t size) {
  return observe(
      SystemCall::read, ssize_t{-1},
      [&](CallSeen& seen) {
        of_descriptor(fd)(seen);
        seen.offset = lseek(fd, 0, SEEK_CUR);
        seen.size = size;
      },
      [&](std::size_t only) { return next<ssize_t(int, void*, size_t)>("read")(fd, data, std::min(size, only)); });
}

ssize_t write(int fd, const void* data, size_t size) {
  return observe(
      SystemCall::write, ssize_t{-1},
      [&](CallSeen& seen) {
        of_descriptor(fd)(seen);
        seen.offset = lseek(fd, 0, SEEK_CUR);
        seen.size = size;
        seen.data = data;
      },
      [&](std::size_t only) {
        return next<ssize_t(int, const void*, size_t)>("write")(fd, data, std::min(size, only));
      });
}

#define PREAD(name)                                                                                       \
  ssize_t name(int fd, void* data, size_t size, off_t offset) {                                           \
    return observe(                                                                                       \
        SystemCall::read, ssize_t{-1},                                                                    \
        [&](CallSeen& seen) {                                                                             \
          of_descriptor(fd)(seen);                                                                        \
          seen.offset = offset;                                                                           \
          seen.size = size;                                                                               \
        },                                                                                                \
        [&](std::size_t only) {                                                                           \
          return next<ssize_t(int, void*, size_t, off_t)>(#name)(fd, data, std::min(size, only), offset); \
        });                                                                                               \
  }
PREAD(pread)
PREAD(pread64)

#define PWRITE(name)                                                                                            \
  ssize_t name(int fd, const void* data, size_t size, off_t offset) {                                           \
    return observe(                                                                                             \
        SystemCall::write, ssize_t{-1},                                                                         \
        [&](CallSeen& seen) {                                                                                   \
          of_descriptor(fd)(seen);                                                                              \
          seen.offset = offset;                                                                                 \
          seen.size = size;                                                                                     \
          seen.data = data;                                                                                     \
        },                                                                                                      \
        [&](std::size_t only) {                                                                                 \
          return next<ssize_t(int, const void*, size_t, off_t)>(#name)(fd, data, std::min(size, only), offset); \
        });                                                                                                     \
  }
PWRITE(pwrite)
PWRITE(pwrite64)

#define SYNC(name)                                                                                                   \
  int name(int fd) {                                                                                                 \
    return observe(SystemCall::sync, -1, of_descriptor(fd), [&](std::size_t) { return next<int(int)>(#name)(fd); }); \
  }
SYNC(fsync)
SYNC(fdatasync)

#define FTRUNCATE(name)                                                       \
  int name(int fd, off_t size) noexcept {                                     \
    return observe(                                                           \
        SystemCall::truncate, -1,                                             \
        [&](CallSeen& seen) {                                                 \
          of_descriptor(fd)(seen);                                            \
          seen.offset = size;                                                 \
        },                                                                    \
        [&](std::size_t) { return next<int(int, off_t)>(#name)(fd, size); }); \
  }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

#define TRUNCATE(name)                                                                  \
  int name(const char* path, off_t size) noexcept {                                     \
    return observe(                                                                     \
        SystemCall::truncate, -1,                                                       \
        [&](CallSeen& seen) {                                                           \
          seen.path = absolute(path);                                                   \
          seen.offset = size;                                                           \
        },                                                                              \
        [&](std::size_t) { return next<int(const char*, off_t)>(#name)(path, size); }); \
  }
TRUNCATE(truncate)
TRUNCATE(truncate64)

#define FCNTL(name)                                  \
  int name(int fd, int command, ...) {               \
    va_list arguments;                               \
    va_start(arguments, command);                    \
    void* const argument = va_arg(arguments, void*); \
    va_end(arguments);                               \
    return lock_next(#name, fd, command, argument);  \
  }
FCNTL(fcntl)
FCNTL(fcntl64)

#define MMAP(name)                                                                                             \
  void* name(void* at, size_t size, int protection, int flags, int fd, off_t offset) noexcept {                \
    const auto make = [&](std::size_t) {                                                                       \
      return next<void*(void*, size_t, int, int, int, off_t)>(#name)(at, size, protection, flags, fd, offset); \
    };                                                                                                         \
    return fd < 0 ? make(0) : observe(SystemCall::map, MAP_FAILED, of_descriptor(fd), make);                   \
  }
MMAP(mmap)
MMAP(mmap64)

void* mremap(void* old, size_t old_size, size_t size, int flags, ...) noexcept {
  va_list arguments;
  va_start(arguments, flags);
  void* const at = va_arg(arguments, void*);
  va_end(arguments);
  return observe(SystemCall::map, MAP_FAILED, in_folder, [&](std::size_t) {
    return next<void*(void*, size_t, size_t, int, ...)>("mremap")(old, old_size, size, flags, at);
  });
}

#define OF_PATH(name, kind)                                                           \
  int name(const char* path) noexcept {                                               \
    return observe(SystemCall::kind, -1, of_path(path),                               \
                   [&](std::size_t) { return next<int(const char*)>(#name)(path); }); \
  }
OF_PATH(unlink, unlink)
OF_PATH(rmdir, unlink)
OF_PATH(remove, unlink)

int unlinkat(int at, const char* path, int flags) noexcept {
  return observe(
      SystemCall::unlink, -1, [&](CallSeen& seen) { seen.path = absolute(path, at); },
      [&](std::size_t) { return next<int(int, const char*, int)>("unlinkat")(at, path, flags); });
}

int rename(const char* path, const char* target) noexcept {
  return observe(
      SystemCall::rename, -1,
      [&](CallSeen& seen) {
        seen.path = absolute(path);
        seen.target = absolute(target);
      },
      [&](std::size_t) { return next<int(const char*, const char*)>("rename")(path, target); });
}

int renameat2(int at, const char* path, int target_at, const char* target, unsigned flags) noexcept {
  return observe(
      SystemCall::rename, -1,
      [&](CallSeen& seen) {
        seen.path = absolute(path, at);
        seen.target = absolute(target, target_at);
      },
      [&](std::size_t) {
        return next<int(int, const char*, int, const char*, unsigned)>("renameat2")(at, path, target_at, target, flags);
      });
}

int link(const char* path, const char* target) noexcept {
  return observe(
      SystemCall::other, -1,
      [&](CallSeen& seen) {
        seen.path = absolute(path);
        seen.target = absolute(target);
      },
      [&](std::size_t) { return next<int(const char*, const char*)>("link")(path, target); });
}

int mkdir(const char* path, mode_t mode) noexcept {
  return observe(SystemCall::mkdir, -1, of_path(path),
                 [&](std::size_t) { return next<int(const char*, mode_t)>("mkdir")(path, mode); });
}

#define STAT(name, type)                                                                                    \
  int name(const char* path, struct type* status) noexcept {                                                \
    return observe(SystemCall::stat, -1, of_path(path),                                                     \
                   [&](std::size_t) { return next<int(const char*, struct type*)>(#name)(path, status); }); \
  }
STAT(stat, stat)
STAT(lstat, stat)
STAT(stat64, stat64)
STAT(lstat64, stat64)

#define FSTAT(name, type)                                                                         \
  int name(int fd, struct type* status) noexcept {                                                \
    return observe(SystemCall::stat, -1, of_descriptor(fd),                                       \
                   [&](std::size_t) { return next<int(int, struct type*)>(#name)(fd, status); }); \
  }
FSTAT(fstat, stat)
FSTAT(fstat64, stat64)

int access(const char* path, int mode) noexcept {
  return observe(SystemCall::stat, -1, of_path(path),
                 [&](std::size_t) { return next<int(const char*, int)>("access")(path, mode); });
}

#define FALLOCATE(name)                                                                                            \
  int name(int fd, int mode, off_t offset, off_t size) {                                                           \
    return observe(SystemCall::allocate, -1, of_descriptor(fd),                                                    \
                   [&](std::size_t) { return next<int(int, int, off_t, off_t)>(#name)(fd, mode, offset, size); }); \
  }
FALLOCATE(fallocate)
FALLOCATE(fallocate64)

int chmod(const char* path, mode_t mode) noexcept {
  return observe(SystemCall::other, -1, of_path(path),
                 [&](std::size_t) { return next<int(const char*, mode_t)>("chmod")(path, mode); });
}

int fchmod(int fd, mode_t mode) noexcept {
  return observe(SystemCall::other, -1, of_descriptor(fd),
                 [&](std::size_t) { return next<int(int, mode_t)>("fchmod")(fd, mode); });
}

int fchown(int fd, uid_t user, gid_t group) noexcept {
  return observe(SystemCall::other, -1, of_descriptor(fd),
                 [&](std::size_t) { return next<int(int, uid_t, gid_t)>("fchown")(fd, user, group); });
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) noexcept {
  using Create = int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  // Returns its error instead of setting errno.
  const int result = observe(SystemCall::thread, -1, in_folder, [&](std::size_t) {
    return next<Create>("pthread_create")(thread, attributes, run, argument);
  });
  return result == -1 ? errno : result;
}

// Whoever waits for a lock that it will not get need not take its time.
int usleep(useconds_t duration) {
  return faults::watching() || faults::nobody_sleeps ? 0 : next<int(useconds_t)>("usleep")(duration);
}

int nanosleep(const struct timespec* duration, struct timespec* rest) {
  return faults::watching() || faults::nobody_sleeps
             ? 0
             : next<int(const struct timespec*, struct timespec*)>("nanosleep")(duration, rest);
}

int utime(const char* path, const struct utimbuf* times) noexcept {
  return observe(SystemCall::other, -1, of_path(path),
                 [&](std::size_t) { return next<int(const char*, const struct utimbuf*)>("utime")(path, times); });
}

}  // extern "C"
#pragma GCC visibility pop
