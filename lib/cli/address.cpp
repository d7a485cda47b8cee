#include "lib/cli/address.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "lib/cli/exit_status.h"
#include "lib/cli/terminal/escape.h"
#include "paramstore/param_name.h"

namespace paramstore::cli {
namespace {

namespace fs = std::filesystem;

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
    validate_param_name(scope);
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

StoreReader::StoreReader(const Address& address) : database_(address.path, read_only()) {
  if (!address.scope) return;
  require_scope(database_, *address.scope);
  scope_ = database_.scope(*address.scope);
}

StoreWriter::StoreWriter(const Address& address, Missing missing) : database_(open_for_writing(address, missing)) {
  if (!address.scope) return;
  if (missing == Missing::refuse) require_scope(database_, *address.scope);
  scope_ = database_.scope(*address.scope);
}

}  // namespace paramstore::cli
