// Parameters from one store file to another: what cp and mv share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "paramstore/storage/database.h"

namespace paramstore::cli {

/// Writes `records` and their values, read from `source`, into the transaction's file: at its end, or over parameters
/// of the same names, which keep their places. With `new_name`, the only record gets that name. Throws NoSuch for a
/// name that is taken unless `force`.
void transfer(storage::StoreFile& source, const std::vector<storage::ParamRecord>& records,
              storage::WriteTransaction& transaction, const std::optional<std::string>& new_name, bool force);

}  // namespace paramstore::cli
