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

// Before the scopes are copied: what is wrong with the target would else show itself only after that.
void inspect_target(const Options& options) {
  std::error_code error;
  const fs::path folder = fs::absolute(options.target).parent_path();
  if (!fs::is_directory(folder, error))
    throw FileError(options.target + ": the folder " + folder.string() + " does not exist; make it first");
  const bool there = fs::exists(options.target, error);
  if (!options.force) {
    if (there) throw NoSuch(options.target + ": is there already; --force replaces a store with the copy");
    if (const auto scopes = storage::scope_names(options.target); !scopes.empty()) {
      throw NoSuch(options.target + ": its scope " + shown_name(scopes.front()) +
                   " is there already; --force replaces a store and its scopes with the copy");
    }
  }
  if (there) const StoreReader existing({options.target, std::nullopt});  // throws where it is none
}

// Of the store that was replaced: the copy is not to have scopes that the original has not.
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
  // The store itself comes last: where it is, all of the backup is.
  for (const std::string& scope : scopes) {
    const fs::path target = file_of({options.target, scope});
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    if (error)
      throw FileError(target.parent_path().string() + ": the folder of the scopes cannot be made: " + error.message());
    copy({address.path, scope}, target);
  }
  copy(address, options.target);
  drop_all_but(scopes, options.target);
  return ExitStatus::done;
}

}  // namespace

void add_backup(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "backup", keeping_verbs, "Copy a store while others write it", run, options);
  verb.add_store(options->store);
  verb.add_argument("TARGET", options->target, "The file to make").required();
  verb.add_flag("-f,--force", options->force, "Replace the store that is there, and its scopes");
  verb.add_flag("--no-scopes", options->no_scopes, "Leave the scopes out");
  verb.footer(
      "Each file of the copy is one commit of the original, complete or not there at\n"
      "all, and without the room that erased values left. Nobody waits for it.");
}

}  // namespace paramstore::cli
