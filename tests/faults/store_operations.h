// What ParamStore can do, each once, on a small store with some of everything.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "paramstore/param_store.h"

namespace faults {

struct StoreBench {
  explicit StoreBench(std::filesystem::path at) : folder(std::move(at)) {}
  std::filesystem::path folder;
  std::optional<paramstore::ParamStore> store;
  std::shared_ptr<void> net;  // that an operation registers
  paramstore::RefreshResult refreshed;
  std::filesystem::path operator/(const char* name) const { return folder / name; }
};

struct StoreOperation {
  std::string name;
  /// Beside the store itself: which files it needs of the start.
  std::vector<std::string> needs;
  void (*prepare)(StoreBench&);
  void (*run)(StoreBench&);
  /// Whether the store is closed if it succeeds.
  bool closes = false;
  /// What others do to the files before `run`, behind the store's back. Null: nothing.
  void (*others)(StoreBench&) = nullptr;
  /// What must be true if it succeeded. Not a part of `run`, where it could fail for want of memory after the change. Null: nothing.
  void (*check)(StoreBench&) = nullptr;
};

extern const std::vector<StoreOperation> store_operations;

void make_store_start(const std::filesystem::path& folder);

}  // namespace faults
