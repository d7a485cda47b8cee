// Copies parameters from one store file to another, for cp and mv.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "paramstore/storage/database.h"

namespace paramstore::cli {

/// Writes `records` and their values, read from `source`, into the transaction's file. New parameters come last; replaced
/// ones keep their places. With `new_name`, the only record gets that name. Unless `force` is set, throws NoSuch for a
/// name that is taken.
void transfer(storage::StoreFile& source, const std::vector<storage::ParamRecord>& records,
              storage::WriteTransaction& transaction, const std::optional<std::string>& new_name, bool force);

}  // namespace paramstore::cli
