// Calls a function while a long statement runs.
#pragma once

#include <functional>

struct sqlite3;

namespace paramstore::storage {

/// Runs `work`, which steps statements of `handle`, and meanwhile calls `look` about ten times a second. An
/// exception from `look` stops the statement, and is thrown in place of whatever `work` throws as a result.
void run_watched(sqlite3* handle, const std::function<void()>& look, const std::function<void()>& work);

}  // namespace paramstore::storage
