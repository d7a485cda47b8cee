// ParamStore::save and load: store files out and in.
#include <optional>
#include <utility>
#include <vector>

#include "lib/constraint/tag_parser.h"
#include "lib/store/leaf.h"
#include "lib/store/lookup.h"
#include "lib/store/refresh.h"
#include "lib/store/state.h"
#include "lib/store/store_core.h"
#include "lib/store/stored_row.h"
#include "paramstore/error.h"
#include "paramstore/param_store.h"

namespace paramstore {
namespace {

/// Writes the parameters of `scope` that differ between memory and file into a copy of the file.
void amend(storage::WriteTransaction& copy, const ScopeState& scope) PARAMSTORE_REQUIRES(store_mutex) {
  for (const auto& [id, entry] : scope.cache().in_order()) {
    if (!entry->leaf.defined()) continue;
    auto changed = changed_value(*entry, Detect::content);
    // What was held back may no longer be pending: then the row is another connection's.
    if (!changed && !scope.held_back) continue;
    const auto there = copy.file().find(entry->record.name);
    if (!changed && there && there->revision == entry->record.revision) continue;
    HashedValue value = changed ? *std::move(changed) : HashedValue(entry->leaf, entry->stored_checksum);
    const StoredRow row(entry->record.name, entry->record.constraint_tag, entry->leaf, std::move(value), scope.path);
    if (there) {
      copy.replace(there->id, std::nullopt, row.record(), row.bytes());
    } else {
      copy.insert(row.record(), row.bytes());
    }
  }
}

at::Tensor at_location(at::Tensor value, const storage::ParamRecord& record, const MapLocation& map_location,
                       const std::string& path) {
  std::optional<at::Device> device;
  try {
    device = map_location(value, record.device);
  } catch (const Error& error) {
    throw Error("parameter '" + record.name + "'" + of_file(path) + ": map_location: " + error.what() +
                "; nothing was loaded");
  }
  if (!device) return to_row_device(std::move(value), record, path);
  if (!device_available(*device)) {
    throw Error("parameter '" + record.name + "'" + of_file(path) + ": map_location puts it on " + device->str() +
                ", which this machine does not have; nothing was loaded");
  }
  return value.to(*device);
}

}  // namespace

void ParamStore::save(const std::filesystem::path& path) const {
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  const StoreLock locked(store, scope);
  if (const OpenBatch* batch = store.open_batch())
    throw Error("a batch is open on '" + batch->scope->path + "'; commit it before saving to '" + path.string() + "'");
  {
    storage::ReadTransaction snapshot(*scope.file);
    take_in_changes(scope, Pending::keep);
  }
  scope.file->copy_to(path,
                      [&](storage::WriteTransaction& copy) PARAMSTORE_REQUIRES(store_mutex) { amend(copy, scope); });
}

void ParamStore::load(const std::filesystem::path& path, const MapLocation& map_location) {
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  {
    const StoreLock locked(store, scope);
    store.require_writable(scope);
  }
  storage::OpenOptions options;
  options.read_only = true;
  options.create = false;
  storage::Database source(path, options);
  std::vector<at::Tensor> values;
  auto rows = source.main().read_all([&](const storage::ParamRecord& record) {
    values.push_back(empty_value(record));
    return destination_of(values.back());
  });
  std::vector<NewParam> params;
  params.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const storage::ParamRecord& record = rows[i].record;
    at::Tensor value = at_location(std::move(values[i]), record, map_location, path.string());
    params.push_back({record.name, parse_stored_tag(record.constraint_tag), std::move(value), Adopt::yes});
  }
  const StoreLock locked(store, scope);
  put_params(store, scope, std::move(params));
}

}  // namespace paramstore
