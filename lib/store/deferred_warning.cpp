#include "lib/store/deferred_warning.h"

#include <c10/util/Exception.h>

#include <new>
#include <utility>
#include <vector>

namespace paramstore {
namespace {

thread_local std::vector<std::string> waiting;
thread_local bool any = false;  // needs no guard for its construction, as every unlock looks at it

}  // namespace

void warn_after_unlock(std::string message) {
  waiting.push_back(std::move(message));
  any = true;
}

void give_deferred_warnings() {
  if (!any) return;
  any = false;
  for (const std::string& message : std::exchange(waiting, {})) {
    try {
      TORCH_WARN(message);
    } catch (const std::bad_alloc&) {  // too little memory to say it
    }
  }
}

}  // namespace paramstore
