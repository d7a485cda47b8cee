#include "support.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <fstream>
#include <random>
#include <sstream>

namespace paramstore::storage::testing {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "storage-test-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  path_ = std::filesystem::canonical(pattern);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<char> some_bytes(std::size_t size, std::uint64_t seed) {
  std::vector<char> bytes(size);
  std::mt19937_64 random(seed);
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

ParamRecord float_record(const std::string& name, const std::vector<char>& value) {
  ParamRecord record;
  record.name = name;
  record.constraint_tag = "real";
  record.shape = {static_cast<std::int64_t>(value.size() / 4)};
  record.checksum = value_checksum(bytes_of(value));
  return record;
}

std::int64_t add(StoreFile& file, const std::string& name, const std::vector<char>& value) {
  WriteTransaction transaction(file);
  const std::int64_t id = transaction.insert(float_record(name, value), bytes_of(value));
  transaction.commit();
  return id;
}

std::vector<char> value_of(StoreFile& file, const std::string& name) {
  const ReadTransaction snapshot(file);
  const auto record = file.find(name);
  if (!record) throw std::runtime_error("no parameter " + name);
  std::vector<char> value(static_cast<std::size_t>(*value_size(record->shape, record->dtype)));
  file.read_value(*record, value.data());
  return value;
}

OpenOptions read_only() {
  OpenOptions options;
  options.read_only = true;
  return options;
}

StoreWithScope::StoreWithScope() {
  Database database(path);
  add(database.main(), "a", some_bytes(8, 1));
  add(*database.scope("s"), "b", some_bytes(8, 2));
}

PlainSqlite::PlainSqlite(const std::filesystem::path& path) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open(path.c_str(), &handle);
  handle_.reset(handle);
  REQUIRE(code == SQLITE_OK);
}

std::string PlainSqlite::run(const std::string& sql) {
  char* message = nullptr;
  sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, &message);
  const std::string result = message == nullptr ? "" : message;
  sqlite3_free(message);
  return result;
}

std::string PlainSqlite::get(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_.get(), sql.c_str(), -1, &statement, nullptr);
  std::string result;
  if (code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    result = text == nullptr ? "NULL" : text;
  }
  const int end = sqlite3_finalize(statement);
  INFO(sql << ": " << sqlite3_errmsg(handle_.get()));
  CHECK(code == SQLITE_OK);
  CHECK(end == SQLITE_OK);
  return result;
}

Forger::Forger(const std::filesystem::path& path) : PlainSqlite(path) {
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(handle(), SQLITE_DBCONFIG_DEFENSIVE, 0, nullptr);
  CHECK(run("PRAGMA ignore_check_constraints = ON; PRAGMA writable_schema = ON") == "");
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream contents;
  contents << file.rdbuf();
  return contents.str();
}

void write_file(const std::filesystem::path& path, const std::string& contents) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << contents;
  REQUIRE(file.flush().good());
}

void fail_test(const std::string& why) { FAIL_CHECK(why); }

}  // namespace paramstore::storage::testing
