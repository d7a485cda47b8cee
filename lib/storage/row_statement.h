// A prepared statement for the row paths: rows that are loaded, written and stamped, thousands in one call.
//
// Everything else speaks SQLiteCpp. Its Statement copies a shared_ptr and checks the index for every column that is read, which
// costs more than 5 % of the statement that loads many small rows: `load/10000x64/all` of `./run bench` shows it. And it cannot
// bind what writing needs: a pointer (value_run.h), a blob of zeros to be filled in place, a text that is no std::string.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "paramstore/storage/param_record.h"

struct sqlite3;
struct sqlite3_stmt;

namespace paramstore::storage {

class RowStatement {
 public:
  /// `path` and `doing` are for messages; `path` must outlive the statement.
  RowStatement(sqlite3* handle, const std::string& sql, const std::string& path, const char* doing);

  // Parameters count from 1. Text and values are borrowed: they must live until the statement is reset.
  RowStatement& bind(int parameter, std::int64_t value);
  RowStatement& bind(int parameter, std::optional<std::int64_t> value);
  RowStatement& bind(int parameter, std::string_view text);
  RowStatement& bind_value(int parameter, ValueBytes value);
  /// For a function that gets it by sqlite3_value_pointer with the same `type`.
  RowStatement& bind_pointer(int parameter, void* pointer, const char* type);
  /// A blob of that many zeros, to be filled in place.
  RowStatement& bind_zeros(int parameter, std::uint64_t size);

  /// True: there is a row.
  bool step();
  /// Prepares for the next use, even after an error; nothing stays bound.
  void reset() noexcept;

  // Columns count from 0. What they point to lives until the next step or reset.
  std::int64_t integer(int column) const noexcept;
  std::optional<std::int64_t> optional_integer(int column) const noexcept;
  std::string_view text(int column) const noexcept;
  /// The same for a file known to be UTF-8, without the copy that SQLite makes to add a NUL.
  std::string_view utf8_text(int column) const noexcept;
  ValueBytes blob(int column) const noexcept;
  bool is_null(int column) const noexcept;

 private:
  void check(int code) const;

  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  const std::string* path_;
  const char* doing_;
  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

/// One use of a cached statement: resets it at the end, even if an exception is thrown.
class StatementUse {
 public:
  explicit StatementUse(RowStatement& statement) noexcept : statement_(statement) {}
  ~StatementUse() { statement_.reset(); }
  StatementUse(const StatementUse&) = delete;
  StatementUse& operator=(const StatementUse&) = delete;
  RowStatement* operator->() const noexcept { return &statement_; }
  RowStatement& operator*() const noexcept { return statement_; }

 private:
  RowStatement& statement_;
};

}  // namespace paramstore::storage
