#include "sql.h"

#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <stdexcept>

namespace eight_schools {

Table query(const std::string& path, const std::string& sql) {
  sqlite3* opened = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr);
  const std::unique_ptr<sqlite3, decltype(&sqlite3_close)> database(opened, sqlite3_close);
  const auto fail = [&] { throw std::runtime_error(path + ": " + sqlite3_errmsg(database.get())); };
  if (result != SQLITE_OK) fail();
  sqlite3_busy_timeout(database.get(), 5000);

  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(database.get(), sql.c_str(), -1, &prepared, nullptr) != SQLITE_OK) fail();
  const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> statement(prepared, sqlite3_finalize);
  const int columns = sqlite3_column_count(prepared);
  Table table(1);
  for (int i = 0; i < columns; ++i) table[0].emplace_back(sqlite3_column_name(prepared, i));
  int step = sqlite3_step(prepared);
  for (; step == SQLITE_ROW; step = sqlite3_step(prepared)) {
    auto& row = table.emplace_back();
    for (int i = 0; i < columns; ++i) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(prepared, i));
      row.emplace_back(text ? text : "");
    }
  }
  if (step != SQLITE_DONE) fail();
  return table;
}

std::int64_t committed_step(const std::string& path) {
  // Where another process is just making it, the file is there a moment before its tables are.
  if (!std::filesystem::exists(path)) return 0;
  if (query(path, "SELECT 1 FROM sqlite_schema WHERE name = 'commits'").size() == 1) return 0;
  return std::stoll(query(path, "SELECT coalesce(max(step), 0) FROM commits").at(1).at(0));
}

}  // namespace eight_schools
