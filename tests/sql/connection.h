// A connection with the SQL functions, as the tests of lib/sql use it.
#pragma once

#include <sqlite3.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace paramstore::sql::testing {

/// The bytes of numbers, as they stand in a value.
template <class T>
std::string bytes_of(const std::vector<T>& numbers) {
  std::string bytes(numbers.size() * sizeof(T), '\0');
  if (!bytes.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

/// What SQLite gave in one column of one row.
struct Cell {
  int type;          // SQLITE_NULL and so on
  std::string text;  // "NULL" for NULL
  double number;
  bool is_null() const { return type == SQLITE_NULL; }
};

using Row = std::vector<Cell>;

class Connection {
 public:
  /// With register_sql_functions and create_sql_views.
  explicit Connection(const std::filesystem::path& path = ":memory:");

  /// The error message, or "".
  std::string run(const std::string& sql, const std::vector<std::string>& blobs = {});
  /// All rows. `blobs` are bound to ?1, ?2, ... An error fails the test.
  std::vector<Row> rows(const std::string& sql, const std::vector<std::string>& blobs = {});
  /// The first column of the only row.
  Cell cell(const std::string& sql, const std::vector<std::string>& blobs = {});
  /// The same as text, and as a number, which it must be.
  std::string text(const std::string& sql, const std::vector<std::string>& blobs = {});
  double number(const std::string& sql, const std::vector<std::string>& blobs = {});
  /// The message of the error that it must give.
  std::string error(const std::string& sql, const std::vector<std::string>& blobs = {});
  /// The first column of all rows, joined by spaces.
  std::string column(const std::string& sql, const std::vector<std::string>& blobs = {});

  sqlite3* handle() const noexcept { return handle_.get(); }

 private:
  std::vector<Row> evaluate(const std::string& sql, const std::vector<std::string>& blobs, std::string& error);
  struct Closer {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Closer> handle_;
};

}  // namespace paramstore::sql::testing
