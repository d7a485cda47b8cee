#include "paramstore/primitives.h"

#include <cstdlib>
#include <memory>
#include <mutex>

namespace paramstore {
namespace {

struct ProcessStore {
  std::mutex mutex;
  std::unique_ptr<ParamStore> store;
};

ProcessStore& process_store() {
  static ProcessStore instance;
  return instance;
}

}  // namespace

ParamStore& get_param_store() {
  ProcessStore& process = process_store();
  std::lock_guard lock(process.mutex);
  if (!process.store) {
    const char* path = std::getenv("PARAMSTORE_PATH");
    process.store =
        path && *path ? std::make_unique<ParamStore>(path) : std::make_unique<ParamStore>(ParamStore::in_memory());
  }
  return *process.store;
}

void use_param_store(const std::filesystem::path& path, const StoreOptions& options) {
  auto next = std::make_unique<ParamStore>(path, options);
  ProcessStore& process = process_store();
  std::lock_guard lock(process.mutex);
  if (process.store) process.store->close();
  process.store = std::move(next);
}

void clear_param_store() { get_param_store().clear(); }

Param param(std::string_view name) { return get_param_store().get_param(name); }

Param param(std::string_view name, const InitialValue& init, const std::optional<Constraint>& constraint,
            std::optional<std::int64_t> event_dim) {
  return get_param_store().get_param(name, init, constraint, event_dim);
}

}  // namespace paramstore
