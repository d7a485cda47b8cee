#include "lib/sql/inner_query.h"

#include "paramstore/error.h"

namespace paramstore::sql {

void check_inner(sqlite3* db, int code) {
  if (code != SQLITE_OK) throw StorageError(sqlite3_errmsg(db), code);
}

InnerQuery::InnerQuery(sqlite3* db, const std::string& sql) : db_(db) {
  sqlite3_stmt* prepared = nullptr;
  check_inner(db, sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &prepared, nullptr));
  statement_.reset(prepared);
}

void InnerQuery::bind(int parameter, sqlite3_value* value) {
  check_inner(db_, sqlite3_bind_value(statement_.get(), parameter, value));
}

void InnerQuery::bind(int parameter, std::int64_t value) {
  check_inner(db_, sqlite3_bind_int64(statement_.get(), parameter, value));
}

bool InnerQuery::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  check_inner(db_, code == SQLITE_DONE ? SQLITE_OK : code);
  return false;
}

bool InnerQuery::is_null(int column) const noexcept {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t InnerQuery::integer(int column) const noexcept { return sqlite3_column_int64(statement_.get(), column); }

std::string_view InnerQuery::text(int column) const noexcept {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

storage::ValueBytes InnerQuery::blob(int column) const noexcept {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void InnerQuery::result(sqlite3_context* context, int column) const noexcept {
  sqlite3_result_value(context, sqlite3_column_value(statement_.get(), column));
}

InnerBlob::InnerBlob(sqlite3* db, const std::string& schema, const char* table, std::int64_t row) : db_(db) {
  sqlite3_blob* opened = nullptr;
  const int code = sqlite3_blob_open(db, schema.c_str(), table, "value", row, 0, &opened);
  blob_.reset(opened);
  check_inner(db, code);
}

std::uint64_t InnerBlob::size() const noexcept { return static_cast<std::uint64_t>(sqlite3_blob_bytes(blob_.get())); }

void InnerBlob::read(std::uint64_t offset, void* destination, std::size_t size) const {
  // No blob is longer than 2^31 - 1 bytes.
  check_inner(db_, sqlite3_blob_read(blob_.get(), destination, static_cast<int>(size), static_cast<int>(offset)));
}

}  // namespace paramstore::sql
