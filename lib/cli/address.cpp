#include "lib/cli/address.h"

#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "lib/cli/exit_status.h"
#include "lib/cli/terminal/escape.h"
#include "paramstore/param_name.h"

namespace paramstore::cli {
namespace {

namespace fs = std::filesystem;

fs::path beside(fs::path path, const char* suffix) {
  path += suffix;
  return path;
}

// Removes the -wal and -shm of a file if reading it has created them. All readers of a file share one object: the first
// notes whether they existed before, and the last to close its connection removes them.
class SideFiles {
 public:
  static std::shared_ptr<SideFiles> of(const fs::path& file) {
    static std::map<fs::path, std::weak_ptr<SideFiles>> all;
    std::weak_ptr<SideFiles>& entry = all[file];
    std::shared_ptr<SideFiles> files = entry.lock();
    if (!files) entry = files = std::make_shared<SideFiles>(file);
    return files;
  }

  explicit SideFiles(fs::path file) : file_(std::move(file)) {
    std::error_code error;
    were_there_ = fs::exists(beside(file_, "-wal"), error) || fs::exists(beside(file_, "-shm"), error);
  }

  // A writable connection removes them when it closes, if it is the last one and the -wal holds no commit. SQLite's locks
  // ensure that nobody loses anything.
  ~SideFiles() {
    std::error_code error;
    if (were_there_ || ::access(file_.c_str(), W_OK) != 0 || !fs::exists(beside(file_, "-wal"), error) ||
        fs::file_size(beside(file_, "-wal"), error) != 0)
      return;
    sqlite3* handle = nullptr;
    if (sqlite3_open_v2(file_.c_str(), &handle, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK)
      sqlite3_exec(handle, "SELECT 1 FROM sqlite_schema", nullptr, nullptr, nullptr);
    sqlite3_close(handle);
  }
  SideFiles(const SideFiles&) = delete;
  SideFiles& operator=(const SideFiles&) = delete;

 private:
  fs::path file_;
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
               "; `paramstore scopes` lists its scopes");
}

storage::Database open_for_writing(const Address& address, StoreWriter::Missing missing) {
  storage::OpenOptions options;
  options.create = missing == StoreWriter::Missing::create;
  return storage::Database(address.path, options);
}

// Splits at the first "//" that follows what `may_be_store` accepts as a store.
template <class MayBeStore>
Address split(const std::string& text, const MayBeStore& may_be_store) {
  for (std::size_t at = text.find("//"); at != std::string::npos; at = text.find("//", at + 1)) {
    const fs::path path = text.substr(0, at);
    if (path.empty() || !may_be_store(path)) continue;
    std::string scope = text.substr(at + 2);
    if (scope.empty()) throw UsageError(text + ": the // must be followed by a scope's name");
    validate_scope_name(scope);
    return {path, std::move(scope)};
  }
  return {text, std::nullopt};
}

}  // namespace

Address parse_address(const std::string& text) {
  std::error_code error;
  return split(text, [&](const fs::path& path) { return fs::exists(path, error) && !fs::is_directory(path, error); });
}

Address parse_new_address(const std::string& text) {
  Address address = parse_address(text);
  std::error_code error;
  if (address.scope || fs::exists(address.path, error)) return address;
  return split(text, [&](const fs::path& path) {
    return !fs::is_directory(path, error) && fs::is_directory(fs::absolute(path).parent_path(), error);
  });
}

fs::path file_of(const Address& address) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(fs::absolute(address.path), error);
  if (error) path = address.path;
  return address.scope ? storage::scope_path(path, *address.scope) : path;
}

bool same_file(const Address& a, const Address& b) {
  std::error_code error;
  return file_of(a) == file_of(b) || fs::equivalent(file_of(a), file_of(b), error);
}

struct StoreReader::Opened {
  std::vector<std::shared_ptr<SideFiles>> side_files;  // destroyed last, after the connection is closed
  std::optional<storage::Database> database;
  std::shared_ptr<storage::StoreFile> scope;
};

StoreReader::StoreReader(const Address& address) : opened_(std::make_unique<Opened>()) {
  opened_->side_files.push_back(SideFiles::of(file_of({address.path, std::nullopt})));
  opened_->database.emplace(address.path, read_only());
  if (!address.scope) return;
  require_scope(*opened_->database, *address.scope);
  opened_->side_files.push_back(SideFiles::of(file_of(address)));
  opened_->scope = opened_->database->scope(*address.scope);
}

StoreReader::StoreReader(StoreReader&&) noexcept = default;

StoreReader& StoreReader::operator=(StoreReader&&) noexcept = default;

StoreReader::~StoreReader() = default;

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
