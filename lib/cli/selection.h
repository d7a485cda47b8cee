// Which parameters the names on a command line mean.
#pragma once

#include <string>
#include <vector>

#include "paramstore/storage/database.h"

namespace paramstore::cli {

/// The parameters that `patterns` select, each once, in the store's order; all of them where there are none. A pattern
/// is a name; where no parameter has exactly that name, a glob: * for any characters (dots and slashes too), ? for one,
/// [a-z] for one of these. Throws ParamNotFound for a pattern that selects nothing, with the name that comes closest.
std::vector<storage::ParamRecord> select(storage::StoreFile& file, const std::vector<std::string>& patterns);

/// Whether one of `patterns` is exactly this name, or as a glob matches it.
bool matches_any(const std::string& name, const std::vector<std::string>& patterns);

/// The one parameter of that name; it is never a glob. Throws ParamNotFound.
storage::ParamRecord find(storage::StoreFile& file, const std::string& name);

}  // namespace paramstore::cli
