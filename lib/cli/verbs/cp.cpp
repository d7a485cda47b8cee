#include "lib/cli/address.h"
#include "lib/cli/commit_message.h"
#include "lib/cli/selection.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/verbs/transfer.h"
#include "lib/cli/verbs/transfer_options.h"
#include "paramstore/param_name.h"

namespace paramstore::cli {
namespace {

using NewName = std::optional<std::string>;

std::vector<storage::ParamRecord> select_for(storage::StoreFile& file, const std::vector<std::string>& names,
                                             const NewName& new_name) {
  auto records = select(file, names);
  if (new_name && records.size() != 1) throw UsageError("only one parameter can be called " + shown_name(*new_name));
  return records;
}

// One connection both reads and writes: a second one would keep the commit in the -wal.
void copy_within(const Address& address, const TransferOptions& options, const std::vector<std::string>& names,
                 const NewName& new_name) {
  StoreWriter store(address, StoreWriter::Missing::refuse);
  storage::WriteTransaction transaction(store.file(), {std::nullopt, commit_message("cp", options.names)});
  transfer(store.file(), select_for(store.file(), names, new_name), transaction, new_name, options.force);
  transaction.commit();
}

void copy_across(const Address& from, const Address& to, const TransferOptions& options, const NewName& new_name) {
  std::optional<StoreReader> source(from);
  std::optional<storage::ReadTransaction> snapshot(source->file());
  const auto records = select_for(source->file(), options.names, new_name);
  StoreWriter target(to, StoreWriter::Missing::create);
  storage::WriteTransaction transaction(target.file(), {std::nullopt, commit_message("cp", {"from", options.store})});
  transfer(source->file(), records, transaction, new_name, options.force);
  // Source and target may be scopes of one store. The writer must close it last, to move the -wal into the file.
  snapshot.reset();
  source.reset();
  transaction.commit();
}

ExitStatus run(const TransferOptions& options) {
  std::vector<std::string> names = options.names;
  NewName new_name;
  if (!options.as.empty()) new_name = options.as;
  if (options.to.empty()) {
    if (names.size() != 2 || new_name)
      throw UsageError("to copy within a store, use cp STORE NAME NEW_NAME; to copy to another one, add --to STORE");
    new_name = names.back();
    names.pop_back();
  }
  if (new_name) validate_param_name(*new_name);
  const Address from = parse_address(options.store);
  const Address to = options.to.empty() ? from : parse_new_address(options.to);
  if (same_file(from, to)) {
    copy_within(from, options, names, new_name);
  } else {
    copy_across(from, to, options, new_name);
  }
  return ExitStatus::done;
}

}  // namespace

void add_cp(CLI::App& command, Action& action) {
  const auto options = std::make_shared<TransferOptions>();
  Verb verb(command, action, "cp", changing_verbs, "Copy parameters, within a store or to another one", run, options);
  add_transfer_options(verb, *options, "The store or scope to copy to; created if missing");
  verb.footer(
      "All parameters are copied in one commit of the target.\n"
      "Examples: paramstore cp model.params.db weight weight.old\n"
      "          paramstore cp model.params.db 'encoder.*' --to model.params.db//old");
}

}  // namespace paramstore::cli
