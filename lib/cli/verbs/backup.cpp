#include <algorithm>
#include <iostream>

#include "lib/cli/address.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/progress.h"
#include "lib/cli/verb.h"

namespace paramstore::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string store;
  std::string target;
  bool force = false;
  bool no_scopes = false;
};

void copy(const Address& from, const fs::path& target) {
  StoreReader store(from);
  ProgressLine progress("copying " + shown_name(store.file().path()));
  store.file().copy_to(target, {}, progress.callback());
}

// Called before the scopes are copied, so that a bad target is reported at once.
void inspect_target(const Options& options) {
  std::error_code error;
  const fs::path folder = fs::absolute(options.target).parent_path();
  if (!fs::is_directory(folder, error))
    throw FileError(options.target + ": the folder " + folder.string() + " does not exist; make it first");
  const bool there = fs::exists(options.target, error);
  if (!options.force) {
    if (there) throw NoSuch(options.target + ": already exists; --force replaces it with the copy");
    if (const auto scopes = storage::scope_names(options.target); !scopes.empty()) {
      throw NoSuch(options.target + ": its scope " + shown_name(scopes.front()) +
                   " already exists; --force replaces the store and its scopes with the copy");
    }
  }
  if (there) const StoreReader existing({options.target, std::nullopt});  // throws if it is not a store
}

// Drops the scopes of a replaced store that the original does not have.
void drop_all_but(const std::vector<std::string>& scopes, const fs::path& target) {
  std::optional<StoreWriter> store;
  for (const std::string& scope : storage::scope_names(target)) {
    if (std::find(scopes.begin(), scopes.end(), scope) != scopes.end()) continue;
    if (!store) store.emplace(Address{target, std::nullopt}, StoreWriter::Missing::refuse);
    store->database().drop_scope(scope);
  }
}

ExitStatus run(const Options& options) {
  const Address address = parse_address(options.store);
  inspect_target(options);
  std::vector<std::string> scopes;
  {
    StoreReader store(address);
    if (!address.scope && !options.no_scopes) scopes = store.database().scope_names();
  }
  // The store itself comes last: if it exists, the backup is complete.
  for (const std::string& scope : scopes) {
    const fs::path target = file_of({options.target, scope});
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    if (error)
      throw FileError(target.parent_path().string() + ": cannot create the folder of the scopes: " + error.message());
    copy({address.path, scope}, target);
  }
  copy(address, options.target);
  drop_all_but(scopes, options.target);
  return ExitStatus::done;
}

}  // namespace

void add_backup(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "backup", keeping_verbs, "Copy a store, even while others write to it", run, options);
  verb.add_store(options->store);
  verb.add_argument("TARGET", options->target, "The file to create").required();
  verb.add_flag("-f,--force", options->force, "Replace an existing store and its scopes");
  verb.add_flag("--no-scopes", options->no_scopes, "Do not copy the scopes");
  verb.footer(
      "Each file of the copy holds the original at one commit, takes no space for\n"
      "erased values, and appears only once it is complete. Writers do not wait.");
}

}  // namespace paramstore::cli
