// Queries and blobs that a virtual table reads from the connection it is on, inside the statement it is part of.
//
// The connection is a stranger's: any program's that has registered our functions, and in the loadable extension even its SQLite.
// SQLiteCpp cannot wrap a connection that it has not opened, and would call another SQLite. So these are bare.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lib/sql/sqlite_api.h"
#include "paramstore/storage/param_record.h"

namespace paramstore::sql {

/// Throws StorageError with SQLite's code and message if `code` is an error.
void check_inner(sqlite3* db, int code);

class InnerQuery {
 public:
  InnerQuery(sqlite3* db, const std::string& sql);

  void bind(int parameter, sqlite3_value* value);
  void bind(int parameter, std::int64_t value);
  bool step();

  bool is_null(int column) const noexcept;
  std::int64_t integer(int column) const noexcept;
  std::string_view text(int column) const noexcept;  // until the next step
  storage::ValueBytes blob(int column) const noexcept;
  /// Gives the column as it is.
  void result(sqlite3_context* context, int column) const noexcept;

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  sqlite3* db_;
  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

/// Column `value` of a row, read piece by piece.
class InnerBlob {
 public:
  InnerBlob(sqlite3* db, const std::string& schema, const char* table, std::int64_t row);
  std::uint64_t size() const noexcept;
  void read(std::uint64_t offset, void* destination, std::size_t size) const;

 private:
  struct Closer {
    void operator()(sqlite3_blob* blob) const noexcept { sqlite3_blob_close(blob); }
  };
  sqlite3* db_;
  std::unique_ptr<sqlite3_blob, Closer> blob_;
};

}  // namespace paramstore::sql
