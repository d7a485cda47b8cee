#include "lib/store/warning.h"

#include <c10/util/Exception.h>

#include <utility>
#include <vector>

#include "lib/store/mutex.h"

namespace paramstore {
namespace {

thread_local std::vector<std::string> waiting;
thread_local bool any = false;  // every unlock reads it; needs no thread_local guard

}  // namespace

void warn(std::string message) {
  if (store_mutexes_held == 0) {
    TORCH_WARN(message);
    return;
  }
  waiting.push_back(std::move(message));
  any = true;
}

void give_deferred_warnings() {
  if (!any || store_mutexes_held != 0) return;
  any = false;
  for (const std::string& message : std::exchange(waiting, {})) {
    try {
      TORCH_WARN(message);
    } catch (...) {
      // No memory, or the handler's own failure. A destructor gives these warnings, so it can be passed on to nobody.
    }
  }
}

}  // namespace paramstore
