// Warnings for the user. LibTorch's warning handler may be the user's code, and may call the store.
#pragma once

#include <string>

namespace paramstore {

/// Passes the message to LibTorch's warning handler: now, or if this thread holds a store's mutex, once it releases
/// that.
void warn(std::string message);

/// Passes on the waiting messages of this thread. Call after releasing a store's mutex.
void give_deferred_warnings();

}  // namespace paramstore
