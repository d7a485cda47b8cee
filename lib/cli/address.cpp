#include "lib/cli/address.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "lib/cli/escape.h"
#include "lib/cli/exit_status.h"
#include "paramstore/param_name.h"

namespace paramstore::cli {
namespace {

namespace fs = std::filesystem;

fs::path beside(fs::path path, const char* suffix) {
  path += suffix;
  return path;
}

// The -wal and -shm of a file, if reading it makes them.
class SideFiles {
 public:
  explicit SideFiles(fs::path path) : path_(std::move(path)) {
    std::error_code error;
    were_there_ = fs::exists(beside(path_, "-wal"), error) || fs::exists(beside(path_, "-shm"), error);
  }

  // Once our connection is closed. A connection that may write removes them as it closes, if it is the last one and no
  // commit waits in the -wal; SQLite's locks see to it that nobody loses anything.
  void remove_if_ours() const noexcept {
    std::error_code error;
    if (were_there_ || !fs::exists(beside(path_, "-wal"), error) || fs::file_size(beside(path_, "-wal"), error) != 0)
      return;
    sqlite3* handle = nullptr;
    if (sqlite3_open_v2(path_.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK)
      sqlite3_exec(handle, "SELECT 1 FROM sqlite_schema", nullptr, nullptr, nullptr);
    sqlite3_close(handle);
  }

 private:
  fs::path path_;
  bool were_there_ = false;
};

storage::OpenOptions read_only() {
  storage::OpenOptions options;
  options.read_only = true;
  return options;
}

void require_scope(storage::Database& database, const std::string& name) {
  const std::vector<std::string> names = database.scope_names();
  if (std::find(names.begin(), names.end(), name) != names.end()) return;
  throw NoSuch(database.main().path() + ": has no scope " + shown_name(name) +
               "; `paramstore scopes` lists those it has");
}

storage::Database open_for_writing(const Address& address, StoreWriter::Missing missing) {
  storage::OpenOptions options;
  options.create = missing == StoreWriter::Missing::create;
  return storage::Database(address.path, options);
}

}  // namespace

Address parse_address(const std::string& text) {
  for (std::size_t at = text.find("//"); at != std::string::npos; at = text.find("//", at + 1)) {
    std::error_code error;
    const fs::path path = text.substr(0, at);
    if (path.empty() || !fs::exists(path, error) || fs::is_directory(path, error)) continue;
    std::string scope = text.substr(at + 2);
    if (scope.empty()) throw UsageError(text + ": a scope's name must follow the //");
    validate_param_name(scope);
    return {path, std::move(scope)};
  }
  return {text, std::nullopt};
}

struct StoreReader::Opened {
  std::vector<SideFiles> side_files;  // destroyed last, after the connection is closed
  std::optional<storage::Database> database;
  std::shared_ptr<storage::StoreFile> scope;
};

StoreReader::StoreReader(const Address& address) : opened_(std::make_unique<Opened>()) {
  try {
    opened_->side_files.emplace_back(address.path);
    opened_->database.emplace(address.path, read_only());
    if (address.scope) {
      require_scope(*opened_->database, *address.scope);
      opened_->side_files.emplace_back(storage::scope_path(fs::weakly_canonical(address.path), *address.scope));
      opened_->scope = opened_->database->scope(*address.scope);
    }
  } catch (...) {
    StoreReader closed(std::move(*this));  // whose destructor tidies up
    throw;
  }
}

StoreReader::StoreReader(StoreReader&&) noexcept = default;

StoreReader::~StoreReader() {
  if (!opened_) return;
  opened_->scope.reset();
  opened_->database.reset();
  for (const SideFiles& files : opened_->side_files) files.remove_if_ours();
}

storage::StoreFile& StoreReader::file() noexcept {
  return opened_->scope ? *opened_->scope : opened_->database->main();
}

storage::Database& StoreReader::database() noexcept { return *opened_->database; }

StoreWriter::StoreWriter(const Address& address, Missing missing) : database_(open_for_writing(address, missing)) {
  if (!address.scope) return;
  if (missing == Missing::refuse) require_scope(database_, *address.scope);
  scope_ = database_.scope(*address.scope);
}

}  // namespace paramstore::cli
