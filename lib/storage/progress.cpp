#include "lib/storage/progress.h"

#include <sqlite3.h>

#include <chrono>
#include <exception>

namespace paramstore::storage {
namespace {

using Clock = std::chrono::steady_clock;

struct Watch {
  const std::function<void()>& look;
  Clock::time_point next = Clock::now();
  std::exception_ptr error = nullptr;

  static int check(void* watch) noexcept {
    auto& self = *static_cast<Watch*>(watch);
    const auto now = Clock::now();
    if (now < self.next) return 0;
    self.next = now + std::chrono::milliseconds(100);
    try {
      self.look();
      return 0;
    } catch (...) {  // an exception must not pass through SQLite
      self.error = std::current_exception();
      return 1;
    }
  }
};

}  // namespace

void run_watched(sqlite3* handle, const std::function<void()>& look, const std::function<void()>& work) {
  Watch watch{look};
  // At every backward jump in SQLite's program: with large values these are few.
  sqlite3_progress_handler(handle, 1, Watch::check, &watch);
  try {
    work();
  } catch (...) {
    sqlite3_progress_handler(handle, 0, nullptr, nullptr);
    if (watch.error) std::rethrow_exception(watch.error);
    throw;
  }
  sqlite3_progress_handler(handle, 0, nullptr, nullptr);
  if (watch.error) std::rethrow_exception(watch.error);
}

}  // namespace paramstore::storage
