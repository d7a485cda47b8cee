#include "paramstore/primitives.h"

#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "lib/storage/fork.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

struct ProcessStore {
  std::mutex mutex;
  std::unique_ptr<ParamStore> store;
  storage::OpeningProcess opened_in;  // of `store`
};

ProcessStore& process_store() {
  static ProcessStore instance;
  return instance;
}

std::unique_ptr<ParamStore> open(const std::filesystem::path& path, const StoreOptions& options) {
  return path == ":memory:" ? std::make_unique<ParamStore>(ParamStore::in_memory(options))
                            : std::make_unique<ParamStore>(path, options);
}

/// What opening the path in PARAMSTORE_PATH throws keeps its kind, and names the variable.
std::unique_ptr<ParamStore> open_from_environment() {
  const char* path = std::getenv("PARAMSTORE_PATH");
  if (!path || !*path) path = ":memory:";
  const auto named = [](const Error& error) {
    return std::string("the environment variable PARAMSTORE_PATH: ") + error.what();
  };
  try {
    return open(path, {});
  } catch (const StoreBusy& error) {
    throw StoreBusy(named(error), error.code());
  } catch (const StorageError& error) {
    throw StorageError(named(error), error.code());
  } catch (const NotAStore& error) {
    throw NotAStore(named(error));
  } catch (const SchemaTooNew& error) {
    throw SchemaTooNew(named(error), error.found(), error.supported());
  } catch (const CorruptStore& error) {
    throw CorruptStore(named(error));
  } catch (const Error& error) {
    throw Error(named(error));
  }
}

}  // namespace

ParamStore& get_param_store() {
  ProcessStore& process = process_store();
  std::lock_guard lock(process.mutex);
  if (!process.store) {
    process.store = open_from_environment();
    process.opened_in = {};
  }
  return *process.store;
}

void use_param_store(const std::filesystem::path& path, const StoreOptions& options) {
  auto next = open(path, options);
  ProcessStore& process = process_store();
  std::lock_guard lock(process.mutex);
  const bool ours = std::exchange(process.opened_in, {}).is_this();
  if (!process.store) {
    process.store = std::move(next);
    return;
  }
  if (ours) process.store->close();   // otherwise it is left to the parent
  *process.store = std::move(*next);  // the object stays where references to it point
}

void clear_param_store() { get_param_store().clear(); }

Param param(std::string_view name) { return get_param_store().get_param(name); }

Param param(std::string_view name, const InitialValue& init, const std::optional<Constraint>& constraint,
            std::optional<std::int64_t> event_dim) {
  return get_param_store().get_param(name, init, constraint, event_dim);
}

}  // namespace paramstore
