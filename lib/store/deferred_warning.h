// Warnings from under the store's mutex. LibTorch's warning handler may be the user's, who may call the store.
#pragma once

#include <string>

#include "lib/store/mutex.h"

namespace paramstore {

/// The handler gets the message when this thread lets go of the store's mutex.
void warn_after_unlock(std::string message) PARAMSTORE_REQUIRES(store_mutex);

/// Hands over the messages that wait in this thread.
void give_deferred_warnings() PARAMSTORE_EXCLUDES(store_mutex);

}  // namespace paramstore
