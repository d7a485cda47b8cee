// Which parameters the names on a command line mean.
#pragma once

#include <string>
#include <vector>

#include "paramstore/storage/database.h"

namespace paramstore::cli {

/// The parameters that `patterns` select, each once, in the store's order; all parameters if there are no patterns. A
/// pattern is a name or, if no parameter has exactly that name, a glob: * matches any characters (dots and slashes too),
/// ? one character, [a-z] one of the range. Throws ParamNotFound, with the closest name, for a pattern that selects nothing.
std::vector<storage::ParamRecord> select(storage::StoreFile& file, const std::vector<std::string>& patterns);

/// Whether one of `patterns` is exactly this name, or is a glob that matches it.
bool matches_any(const std::string& name, const std::vector<std::string>& patterns);

/// The parameter of that name, which is never treated as a glob. Throws ParamNotFound.
storage::ParamRecord find(storage::StoreFile& file, const std::string& name);

}  // namespace paramstore::cli
