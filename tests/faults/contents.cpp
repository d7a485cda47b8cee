#include "faults/contents.h"

namespace faults {

namespace fs = std::filesystem;
using namespace paramstore::storage;

const std::vector<std::string> store_names = {"model.params.db", "copy.db", "new.db", "old.db", "many.db"};

InternalOptions storage_options() {
  InternalOptions options;
  options.busy_timeout = std::chrono::milliseconds(0);
  options.max_value_length = 40'000;
  return options;
}

std::string difference(const Contents& found, const Contents& expected) {
  for (const auto& [name, rows] : expected) {
    const auto at = found.find(name);
    if (at == found.end()) return name + " does not exist";
    if (at->second.size() != rows.size())
      return name + " has " + std::to_string(at->second.size()) + " rows instead of " + std::to_string(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Row& a = at->second[i];
      const Row& b = rows[i];
      const std::string what = name + ", row " + std::to_string(i) + " (" + b.name + ") has another ";
      if (a.name != b.name) return what + "name: " + a.name;
      if (a.value != b.value) return what + "value";
      if (a.tag != b.tag || a.dtype != b.dtype || a.shape != b.shape) return what + "tag, dtype or shape";
      if (a.revision != b.revision) return what + "revision";
    }
  }
  for (const auto& [name, rows] : found) {
    if (expected.count(name) == 0) return name + " exists, with " + std::to_string(rows.size()) + " rows";
  }
  return {};
}

Rows rows_of(StoreFile& file) {
  Rows rows;
  const ReadTransaction snapshot(file);
  for (const ParamRecord& record : file.list()) {
    Row row{record.name, record.constraint_tag, record.dtype, record.shape, record.revision, {}};
    row.value.resize(static_cast<std::size_t>(*value_size(record.shape, record.dtype)));
    file.read_value(record, row.value.data());
    rows.push_back(std::move(row));
  }
  return rows;
}

void add_contents(Contents& contents, const std::string& name, Database& database) {
  contents[name] = rows_of(database.main());
  for (const std::string& scope : database.scope_names())
    contents[name + ":" + scope] = rows_of(*database.scope(scope));
}

Contents contents_of(const fs::path& folder) {
  Contents contents;
  for (const std::string& name : store_names) {
    if (!fs::exists(folder / name)) continue;
    InternalOptions options = storage_options();
    Database database = open_database(folder / name, options);
    add_contents(contents, name, database);
  }
  return contents;
}

}  // namespace faults
