// Mutexes whose rules the compiler checks: clang's -Wthread-safety reads these annotations, other compilers ignore
// them.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>

#if defined(__clang__)
#define PARAMSTORE_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define PARAMSTORE_THREAD_ANNOTATION(x)
#endif

/// A class whose objects a thread can hold.
#define PARAMSTORE_CAPABILITY(name) PARAMSTORE_THREAD_ANNOTATION(capability(name))
/// A class that holds one from its constructor to its destructor.
#define PARAMSTORE_SCOPED_CAPABILITY PARAMSTORE_THREAD_ANNOTATION(scoped_lockable)
/// Data that only a thread holding the mutex may read or write.
#define PARAMSTORE_GUARDED_BY(mutex) PARAMSTORE_THREAD_ANNOTATION(guarded_by(mutex))
/// A function that only a thread holding the mutexes may call.
#define PARAMSTORE_REQUIRES(...) PARAMSTORE_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
/// A function that only a thread not holding them may call.
#define PARAMSTORE_EXCLUDES(...) PARAMSTORE_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
/// A function that acquires them, or releases them. Without arguments: the object itself.
#define PARAMSTORE_ACQUIRE(...) PARAMSTORE_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define PARAMSTORE_RELEASE(...) PARAMSTORE_THREAD_ANNOTATION(release_capability(__VA_ARGS__))

namespace paramstore {

class PARAMSTORE_CAPABILITY("mutex") Mutex {
 public:
  void lock() PARAMSTORE_ACQUIRE() { mutex_.lock(); }
  void unlock() PARAMSTORE_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class PARAMSTORE_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) PARAMSTORE_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() PARAMSTORE_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Stands for the mutex of the store at hand. The analysis compares expressions, so it would take `core.mutex_` and
/// `scope.owner->mutex_` for two mutexes; annotations therefore name this one object. No function works on two stores.
class PARAMSTORE_CAPABILITY("store's mutex") StoreMutexRole {
 public:
  void taken() PARAMSTORE_ACQUIRE() {}
  void given_back() PARAMSTORE_RELEASE() {}
};
inline StoreMutexRole store_mutex;

/// How many stores' mutexes this thread holds.
inline thread_local int store_mutexes_held = 0;

/// A store's mutex.
class StoreMutex {
 public:
  void lock() PARAMSTORE_ACQUIRE(store_mutex) {
    mutex_.lock();
    holder_ = std::this_thread::get_id();
    ++store_mutexes_held;
    store_mutex.taken();
  }
  void unlock() PARAMSTORE_RELEASE(store_mutex) {
    --store_mutexes_held;
    holder_ = std::thread::id();
    mutex_.unlock();
    store_mutex.given_back();
  }
  bool held_by_this_thread() const noexcept { return holder_ == std::this_thread::get_id(); }

 private:
  std::mutex mutex_;
  std::atomic<std::thread::id> holder_{};
};

}  // namespace paramstore
