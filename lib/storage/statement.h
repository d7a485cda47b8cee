// A prepared statement that is used again and again.
//
// SQLiteCpp's own Statement keeps its sqlite3_stmt to itself, and its Column takes a shared_ptr for every
// value read; at ten thousand rows of ten columns that is most of the time. So this one is bare.
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

class Statement {
 public:
  /// `path` and `doing` are for messages; `path` must outlive the statement.
  Statement(sqlite3* handle, const std::string& sql, const std::string& path, const char* doing);

  // Parameters count from 1. Text and values are borrowed: they must live until the statement is reset.
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, std::optional<std::int64_t> value);
  Statement& bind(int parameter, std::string_view text);
  Statement& bind_value(int parameter, ValueBytes value);
  /// For a function that gets it by sqlite3_value_pointer with the same `type`.
  Statement& bind_pointer(int parameter, void* pointer, const char* type);
  /// A blob of that many zeros, to be filled in place.
  Statement& bind_zeros(int parameter, std::uint64_t size);

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
  explicit StatementUse(Statement& statement) noexcept : statement_(statement) {}
  ~StatementUse() { statement_.reset(); }
  StatementUse(const StatementUse&) = delete;
  StatementUse& operator=(const StatementUse&) = delete;
  Statement* operator->() const noexcept { return &statement_; }
  Statement& operator*() const noexcept { return statement_; }

 private:
  Statement& statement_;
};

/// Runs `sql`, one statement or several, for what it does.
void execute(sqlite3* handle, const std::string& sql, const std::string& path, const char* doing);

/// `name` as an SQL identifier, in double quotes.
std::string quote_identifier(std::string_view name);

}  // namespace paramstore::storage
