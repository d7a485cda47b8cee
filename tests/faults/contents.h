// What the stores of a folder hold, as a connection that is opened for it sees them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "lib/storage/store_internals.h"
#include "paramstore/storage/database.h"

namespace faults {

struct Row {
  std::string name;
  std::string tag;
  paramstore::storage::Dtype dtype = paramstore::storage::Dtype::float32;
  std::vector<std::int64_t> shape;
  paramstore::Revision revision = 0;
  std::vector<char> value;
};
using Rows = std::vector<Row>;
/// What the stores of a folder hold: by file name, and for scopes "model.params.db:fold-1". A store that does not exist is not
/// listed, nor is one that was begun and has no tables yet.
using Contents = std::map<std::string, Rows>;

/// Empty if they agree.
std::string difference(const Contents& found, const Contents& expected);

Rows rows_of(paramstore::storage::StoreFile& file);
/// Adds the store's rows and those of its scopes.
void add_contents(Contents& contents, const std::string& name, paramstore::storage::Database& database);
/// As connections that are opened for this see them. Rolls back what a failed writer left to be rolled back.
Contents contents_of(const std::filesystem::path& folder);

/// The names of the files that an operation may leave.
extern const std::vector<std::string> store_names;

/// Does not wait for locks; makes chunks of values longer than 40,000 bytes.
paramstore::storage::InternalOptions storage_options();

}  // namespace faults
