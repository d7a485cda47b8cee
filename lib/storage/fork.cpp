#include "lib/storage/fork.h"

#include <pthread.h>
#include <sqlite3.h>
#include <unistd.h>

#include <memory>
#include <mutex>
#include <new>

#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

struct OpenConnection {
  sqlite3* handle;
  OpenConnection* previous;
  OpenConnection* next;
};

std::mutex mutex;  // for the two lists; held across a fork, so that the child finds them whole
OpenConnection* open = nullptr;
OpenConnection* inherited = nullptr;  // in a child: those of its parent

std::atomic<LeftToParent*> left{nullptr};

int connection_closes(unsigned, void* context, void*, void*) noexcept {
  const std::unique_ptr<OpenConnection> closed(static_cast<OpenConnection*>(context));
  const std::lock_guard lock(mutex);
  (closed->previous != nullptr ? closed->previous->next : open) = closed->next;
  if (closed->next != nullptr) closed->next->previous = closed->previous;
  return 0;
}

// At the level of the file system: SQLite above it would write to what the parent uses.
void forget_locks(sqlite3_file& file) {
  if (file.pMethods == nullptr) return;  // a temporary database that was never needed
  file.pMethods->xUnlock(&file, SQLITE_LOCK_NONE);
  if (file.pMethods->iVersion >= 2 && file.pMethods->xShmUnmap != nullptr) file.pMethods->xShmUnmap(&file, 0);
}

}  // namespace

std::atomic<std::uint32_t> OpeningProcess::forks{0};

OpeningProcess::OpeningProcess() : process_(::getpid()) {
  struct Watch {
    Watch() {
      const int code = ::pthread_atfork([] { mutex.lock(); }, [] { mutex.unlock(); },
                                        [] {
                                          // Those that a child left to its own child come after the nearer parent's.
                                          while (open != nullptr) {
                                            OpenConnection* const first = open;
                                            open = first->next;
                                            first->next = inherited;
                                            inherited = first;
                                          }
                                          forks.fetch_add(1, std::memory_order_relaxed);
                                          mutex.unlock();
                                        });
      if (code != 0) throw std::bad_alloc();
    }
  };
  static const Watch watch;
  forks_ = forks.load(std::memory_order_relaxed);
}

void OpeningProcess::refuse(const std::string& path) const {
  throw Error(path + ": was opened by process " + std::to_string(process_) + ", and this is process " +
              std::to_string(::getpid()) +
              ", forked from it: a store belongs to the process that opened it; open it again in this process");
}

void LeftToParent::leave() noexcept {
  next_left_ = left.load();
  while (!left.compare_exchange_weak(next_left_, this)) {
  }
}

void note_connection(sqlite3* handle) {
  static_cast<void>(OpeningProcess());  // watches for forks
  auto noted = std::make_unique<OpenConnection>(OpenConnection{handle, nullptr, nullptr});
  {
    const std::lock_guard lock(mutex);
    noted->next = open;
    if (open != nullptr) open->previous = noted.get();
    open = noted.get();
  }
  sqlite3_trace_v2(handle, SQLITE_TRACE_CLOSE, connection_closes, noted.release());
}

void forget_inherited_locks() {
  const std::lock_guard lock(mutex);
  while (inherited != nullptr) {
    const std::unique_ptr<OpenConnection> each(inherited);
    inherited = each->next;
    for (int number = 0;; ++number) {
      const char* const schema = sqlite3_db_name(each->handle, number);
      if (schema == nullptr) break;
      sqlite3_file* file = nullptr;
      sqlite3_file_control(each->handle, schema, SQLITE_FCNTL_FILE_POINTER, &file);
      if (file != nullptr) forget_locks(*file);
    }
  }
}

}  // namespace paramstore::storage
