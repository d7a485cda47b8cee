#include "faults/version_1.h"

#include <sqlite3.h>

#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>

namespace faults {

namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw std::runtime_error(path.string() + " cannot be read");
  return text.str();
}

}  // namespace

void make_version_1(const fs::path& path) {
  sqlite3* handle = nullptr;
  const int opened = sqlite3_open(path.c_str(), &handle);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> closer(handle, sqlite3_close);
  const auto run = [&](const std::string& sql) {
    if (opened != SQLITE_OK || sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error(path.string() + ": " + sqlite3_errmsg(handle));
  };
  run(text_of(fs::path(PARAMSTORE_SOURCE_DIR) / "schema" / "0001-initial.sql"));
  run("PRAGMA application_id = 1347571027; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;"
      "INSERT INTO meta VALUES ('store_id', lower(hex(randomblob(16)))), ('created', '2024-02-29'), "
      "('library_version', '0.1.0');"
      "INSERT INTO params (name, dtype, shape, value) VALUES ('small', 'float32', '[2]', zeroblob(8))");
  if (sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr) != SQLITE_OK)
    throw std::runtime_error("triggers cannot be turned off");
  run("INSERT INTO commits (message) VALUES (NULL);"
      "INSERT INTO params (name, dtype, shape, revision, value) VALUES ('large', 'float32', '[2]', 2, x'');"
      "INSERT INTO chunks (param, sequence, value) VALUES (2, 0, zeroblob(4)), (2, 1, zeroblob(4))");
}

}  // namespace faults
