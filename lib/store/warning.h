// Warnings for the user. LibTorch's handler of them may be the user's own, and may call the store.
#pragma once

#include <string>

namespace paramstore {

/// LibTorch's warning handler gets the message: now, or, if this thread holds a store's mutex, once it lets go of that.
void warn(std::string message);

/// Hands over the messages that wait in this thread. It holds no store's mutex.
void give_deferred_warnings();

}  // namespace paramstore
