#include "lib/cli/selection.h"

#include <sqlite3.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "lib/cli/scopes_hint.h"
#include "lib/cli/suggestion.h"
#include "lib/cli/terminal/escape.h"
#include "paramstore/error.h"

namespace paramstore::cli {
namespace {

bool is_glob(const std::string& pattern) { return pattern.find_first_of("*?[") != std::string::npos; }

[[noreturn]] void not_found(storage::StoreFile& file, const std::vector<storage::ParamRecord>& records,
                            const std::string& name) {
  std::string advice;
  if (const auto hint = scopes_hint(file, file.path())) {
    advice = "; " + *hint;
  } else if (records.empty()) {
    advice = "; it has no parameters";
  } else if (!is_glob(name)) {
    std::vector<std::string> names;
    names.reserve(records.size());
    for (const storage::ParamRecord& record : records) names.push_back(record.name);
    advice = did_you_mean(name, names, "`paramstore ls` lists the parameters");
  }
  throw ParamNotFound(
      file.path() + ": " + (is_glob(name) ? "no parameter matches " : "has no parameter ") + shown_name(name) + advice,
      name);
}

// Without reading the rows of all other parameters. Empty if a pattern is not a name.
std::optional<std::vector<storage::ParamRecord>> select_names(storage::StoreFile& file,
                                                              const std::vector<std::string>& names) {
  std::map<std::int64_t, storage::ParamRecord> records;  // in the store's order
  for (const std::string& name : names) {
    auto record = file.find(name);
    if (!record) return std::nullopt;
    const std::int64_t id = record->id;
    records.emplace(id, *std::move(record));
  }
  std::vector<storage::ParamRecord> result;
  result.reserve(records.size());
  for (auto& [id, record] : records) result.push_back(std::move(record));
  return result;
}

}  // namespace

std::vector<storage::ParamRecord> select(storage::StoreFile& file, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return file.list();
  if (auto records = select_names(file, patterns)) return *std::move(records);
  std::vector<storage::ParamRecord> records = file.list();
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
