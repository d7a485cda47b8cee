// What storage can do, each once, on a small store with some of everything.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "faults/contents.h"
#include "paramstore/storage/database.h"

namespace faults {

struct Bench {
  explicit Bench(std::filesystem::path at) : folder(std::move(at)) {}
  std::filesystem::path folder;
  std::optional<paramstore::storage::Database> database;
  /// Of another process, as far as `database` knows.
  std::optional<paramstore::storage::Database> other;

  std::filesystem::path operator/(const char* name) const { return folder / name; }
  paramstore::storage::StoreFile& main() { return database->main(); }
};

struct StorageOperation {
  std::string name;
  /// Beside the store itself: which files it needs of the start.
  std::vector<std::string> needs;
  void (*prepare)(Bench&);
  void (*run)(Bench&);
};

extern const std::vector<StorageOperation> storage_operations;

/// Makes the files that the operations need.
void make_storage_start(const std::filesystem::path& folder);

}  // namespace faults
