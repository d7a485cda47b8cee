// A statement that runs long, looked after while it does.
#pragma once

#include <functional>

struct sqlite3;

namespace paramstore::storage {

/// Runs `work`, which steps statements of `handle`, and meanwhile calls `look` some ten times a second. What `look`
/// throws stops the statement, and is thrown in place of what `work` made of that.
void run_watched(sqlite3* handle, const std::function<void()>& look, const std::function<void()>& work);

}  // namespace paramstore::storage
