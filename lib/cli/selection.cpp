#include "lib/cli/selection.h"

#include <sqlite3.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "lib/cli/terminal/escape.h"
#include "paramstore/error.h"

namespace paramstore::cli {
namespace {

// Single-character edits that turn `a` into `b` (Levenshtein's distance).
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

// "; did you mean x?", if some name is close.
std::string suggestion(const std::vector<storage::ParamRecord>& records, const std::string& name) {
  const storage::ParamRecord* best = nullptr;
  std::size_t least = std::max<std::size_t>(2, name.size() / 3) + 1;
  constexpr std::size_t enough = 2000;  // compares with at most this many names: an error message must not take seconds
  for (std::size_t i = 0; i < records.size() && i < enough; ++i) {
    const std::string& other = records[i].name;
    if (other.size() > name.size() + least || name.size() > other.size() + least) continue;
    const std::size_t distance = edit_distance(name, other);
    if (distance >= least) continue;
    least = distance;
    best = &records[i];
  }
  return best == nullptr ? "; `paramstore ls` lists the parameters" : "; did you mean " + shown_name(best->name) + "?";
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
