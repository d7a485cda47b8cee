#include "sql/connection.h"

#include <doctest/doctest.h>

#include "lib/sql/functions.h"

namespace paramstore::sql::testing {

Connection::Connection(const std::filesystem::path& path) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open(path.c_str(), &opened);
  handle_.reset(opened);
  REQUIRE(code == SQLITE_OK);
  REQUIRE(register_sql_functions(opened) == SQLITE_OK);
  REQUIRE(create_sql_views(opened) == SQLITE_OK);
}

std::vector<Row> Connection::evaluate(const std::string& sql, const std::vector<std::string>& blobs,
                                      std::string& error) {
  std::vector<Row> rows;
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v2(handle(), sql.c_str(), -1, &statement, nullptr);
  for (std::size_t i = 0; code == SQLITE_OK && i < blobs.size(); ++i) {
    code = sqlite3_bind_blob64(statement, static_cast<int>(i) + 1, blobs[i].data(), blobs[i].size(), SQLITE_TRANSIENT);
  }
  if (code == SQLITE_OK) {
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
      Row row;
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        Cell cell{sqlite3_column_type(statement, i), "NULL", sqlite3_column_double(statement, i)};
        if (!cell.is_null()) {
          const auto* data = static_cast<const char*>(sqlite3_column_blob(statement, i));
          cell.text.assign(data == nullptr ? "" : data, static_cast<std::size_t>(sqlite3_column_bytes(statement, i)));
        }
        row.push_back(cell);
      }
      rows.push_back(row);
    }
  }
  error = code == SQLITE_OK || code == SQLITE_DONE ? "" : sqlite3_errmsg(handle());
  sqlite3_finalize(statement);
  return rows;
}

std::string Connection::run(const std::string& sql, const std::vector<std::string>& blobs) {
  std::string error;
  evaluate(sql, blobs, error);
  return error;
}

std::vector<Row> Connection::rows(const std::string& sql, const std::vector<std::string>& blobs) {
  std::string error;
  auto rows = evaluate(sql, blobs, error);
  INFO(sql);
  CHECK(error == "");
  return rows;
}

Cell Connection::cell(const std::string& sql, const std::vector<std::string>& blobs) {
  const auto found = rows(sql, blobs);
  INFO(sql);
  REQUIRE(found.size() == 1);
  return found[0].at(0);
}

std::string Connection::text(const std::string& sql, const std::vector<std::string>& blobs) {
  return cell(sql, blobs).text;
}

double Connection::number(const std::string& sql, const std::vector<std::string>& blobs) {
  const Cell found = cell(sql, blobs);
  INFO(sql);
  const bool is_number = found.type == SQLITE_FLOAT || found.type == SQLITE_INTEGER;
  CHECK(is_number);
  return found.number;
}

std::string Connection::error(const std::string& sql, const std::vector<std::string>& blobs) {
  const std::string message = run(sql, blobs);
  INFO(sql);
  CHECK(message != "");
  return message;
}

std::string Connection::column(const std::string& sql, const std::vector<std::string>& blobs) {
  std::string joined;
  for (const Row& row : rows(sql, blobs)) joined += (joined.empty() ? "" : " ") + row.at(0).text;
  return joined;
}

}  // namespace paramstore::sql::testing
