#include <algorithm>

#include "lib/cli/address.h"
#include "lib/cli/commit_message.h"
#include "lib/cli/selection.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/verbs/transfer.h"
#include "lib/cli/verbs/transfer_options.h"
#include "paramstore/error.h"
#include "paramstore/param_name.h"

namespace paramstore::cli {
namespace {

ExitStatus rename(const TransferOptions& options) {
  if (options.names.size() != 2 || !options.as.empty())
    throw UsageError("to rename within a store, use mv STORE NAME NEW_NAME; to move to another one, add --to STORE");
  const std::string& name = options.names[0];
  const std::string& new_name = options.names[1];
  StoreWriter store(parse_address(options.store), StoreWriter::Missing::refuse);
  storage::WriteTransaction transaction(store.file(), {std::nullopt, commit_message("mv", options.names)});
  const storage::ParamRecord record = find(store.file(), name);
  if (const auto existing = store.file().find(new_name); existing && existing->id != record.id) {
    if (!options.force) {
      throw NoSuch(store.file().path() + ": already has a parameter " + shown_name(new_name) + "; --force replaces it");
    }
    transaction.erase(existing->id, std::nullopt);
  }
  transaction.rename(record.id, std::nullopt, new_name);
  transaction.commit();
  return ExitStatus::done;
}

ExitStatus move(const TransferOptions& options) {
  const Address from = parse_address(options.store);
  const Address to = parse_new_address(options.to);
  if (same_file(from, to))
    throw UsageError("--to names the same store; to rename within it, use mv STORE NAME NEW_NAME");
  std::optional<std::string> new_name;
  if (!options.as.empty()) new_name = options.as;
  if (new_name) validate_param_name(*new_name);

  StoreWriter source(from, StoreWriter::Missing::refuse);
  std::vector<storage::ParamRecord> records;
  {
    const storage::ReadTransaction snapshot(source.file());
    records = select(source.file(), options.names);
    if (new_name && records.size() != 1) throw UsageError("only one parameter can be called " + shown_name(*new_name));
    StoreWriter target(to, StoreWriter::Missing::create);
    storage::WriteTransaction transaction(target.file(), {std::nullopt, commit_message("mv", {"from", options.store})});
    transfer(source.file(), records, transaction, new_name, options.force);
    transaction.commit();
  }
  // Two files take two commits. The copies come first, so an interruption in between loses nothing.
  storage::WriteTransaction transaction(source.file(), {std::nullopt, commit_message("mv", {"to", options.to})});
  for (const auto& record : records) {
    if (transaction.erase(record.id, record.revision)) continue;
    throw StaleParam(source.file().path() + ": another process changed " + shown_name(record.name) +
                         " while it was being moved; both stores have it now, the target with its old value",
                     {record.name});
  }
  transaction.commit();
  return ExitStatus::done;
}

ExitStatus run(const TransferOptions& options) { return options.to.empty() ? rename(options) : move(options); }

}  // namespace

void add_mv(CLI::App& command, Action& action) {
  const auto options = std::make_shared<TransferOptions>();
  Verb verb(command, action, "mv", changing_verbs, "Rename a parameter, or move some to another store", run, options);
  add_transfer_options(verb, *options, "The store or scope to move to; created if missing");
  verb.footer(
      "A renamed parameter keeps its place in the order. When parameters move to\n"
      "another store, they are written there before they are removed here.");
}

}  // namespace paramstore::cli
