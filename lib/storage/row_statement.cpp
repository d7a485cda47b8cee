#include "lib/storage/row_statement.h"

#include <sqlite3.h>

#include "lib/storage/sqlite_error.h"

namespace paramstore::storage {

void RowStatement::Finalizer::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

RowStatement::RowStatement(sqlite3* handle, const std::string& sql, const std::string& path, const char* doing)
    : path_(&path), doing_(doing) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  statement_.reset(statement);
  check_sqlite(handle, code, path, doing);
}

void RowStatement::check(int code) const {
  if (code != SQLITE_OK) throw_sqlite_error(sqlite3_db_handle(statement_.get()), code, *path_, doing_);
}

RowStatement& RowStatement::bind(int parameter, std::int64_t value) {
  check(sqlite3_bind_int64(statement_.get(), parameter, value));
  return *this;
}

RowStatement& RowStatement::bind(int parameter, std::optional<std::int64_t> value) {
  if (value) return bind(parameter, *value);
  check(sqlite3_bind_null(statement_.get(), parameter));
  return *this;
}

RowStatement& RowStatement::bind(int parameter, std::string_view text) {
  check(sqlite3_bind_text64(statement_.get(), parameter, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC,
                            SQLITE_UTF8));
  return *this;
}

RowStatement& RowStatement::bind_value(int parameter, ValueBytes value) {
  // A null pointer would bind NULL, not an empty blob.
  check(sqlite3_bind_blob64(statement_.get(), parameter, value.size == 0 ? "" : value.data, value.size, SQLITE_STATIC));
  return *this;
}

RowStatement& RowStatement::bind_pointer(int parameter, void* pointer, const char* type) {
  check(sqlite3_bind_pointer(statement_.get(), parameter, pointer, type, nullptr));
  return *this;
}

RowStatement& RowStatement::bind_zeros(int parameter, std::uint64_t size) {
  check(sqlite3_bind_zeroblob64(statement_.get(), parameter, size));
  return *this;
}

bool RowStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) check(code);
  return false;
}

void RowStatement::reset() noexcept {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::int64_t RowStatement::integer(int column) const noexcept { return sqlite3_column_int64(statement_.get(), column); }

std::optional<std::int64_t> RowStatement::optional_integer(int column) const noexcept {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::string_view RowStatement::text(int column) const noexcept {
  // The pointer first: this call creates the text, and with it the length.
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view RowStatement::utf8_text(int column) const noexcept {
  const ValueBytes bytes = blob(column);
  return {static_cast<const char*>(bytes.data), bytes.size};
}

ValueBytes RowStatement::blob(int column) const noexcept {
  const void* data = sqlite3_column_blob(statement_.get(), column);
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

bool RowStatement::is_null(int column) const noexcept {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

}  // namespace paramstore::storage
