// A store that keeps all its parameters in scopes looks empty: what is said then.
#pragma once

#include <optional>
#include <string>

#include "paramstore/storage/database.h"

namespace paramstore::cli {

/// "<store> itself has no parameters, but it has 2 scopes: ...", with the way to name one. Empty if the file has
/// parameters, or is a scope, or has none. `store` is the file as the command line named it.
std::optional<std::string> scopes_hint(storage::StoreFile& file, const std::string& store);

/// Writes that to the standard error, where it does not get into a listing.
void show_scopes_hint(storage::StoreFile& file, const std::string& store);

}  // namespace paramstore::cli
