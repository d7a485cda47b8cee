#include "lib/cli/selection.h"

#include <sqlite3.h>

#include <algorithm>
#include <set>

#include "lib/cli/nearest.h"
#include "lib/cli/terminal/escape.h"
#include "paramstore/error.h"

namespace paramstore::cli {
namespace {

// "; did you mean x?", if some name is close.
std::string suggestion(const std::vector<storage::ParamRecord>& records, const std::string& name) {
  std::vector<std::string> names;
  names.reserve(records.size());
  for (const auto& record : records) names.push_back(record.name);
  const auto close = nearest(name, names);
  return close ? "; did you mean " + shown_name(*close) + "?" : "; `paramstore ls` lists the parameters";
}

[[noreturn]] void not_found(storage::StoreFile& file, const std::vector<storage::ParamRecord>& records,
                            const std::string& name) {
  const bool is_glob = name.find_first_of("*?[") != std::string::npos;
  throw ParamNotFound(file.path() + ": " + (is_glob ? "no parameter matches " : "has no parameter ") +
                          shown_name(name) + (is_glob ? "" : suggestion(records, name)),
                      name);
}

}  // namespace

std::vector<storage::ParamRecord> select(storage::StoreFile& file, const std::vector<std::string>& patterns) {
  std::vector<storage::ParamRecord> records = file.list();
  if (patterns.empty()) return records;
  std::vector<bool> selected(records.size());
  std::set<std::string> names;
  for (const auto& record : records) names.insert(record.name);
  for (const std::string& pattern : patterns) {
    const bool is_name = names.count(pattern) > 0;
    bool any = false;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const std::string& name = records[i].name;
      if (is_name ? name == pattern : sqlite3_strglob(pattern.c_str(), name.c_str()) == 0) selected[i] = any = true;
    }
    if (!any) not_found(file, records, pattern);
  }
  std::vector<storage::ParamRecord> result;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (selected[i]) result.push_back(std::move(records[i]));
  }
  return result;
}

bool matches_any(const std::string& name, const std::vector<std::string>& patterns) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return pattern == name || sqlite3_strglob(pattern.c_str(), name.c_str()) == 0;
  });
}

storage::ParamRecord find(storage::StoreFile& file, const std::string& name) {
  if (auto record = file.find(name)) return *std::move(record);
  not_found(file, file.list(), name);
}

}  // namespace paramstore::cli
