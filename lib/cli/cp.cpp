#include "lib/cli/address.h"
#include "lib/cli/escape.h"
#include "lib/cli/selection.h"
#include "lib/cli/transfer.h"
#include "lib/cli/transfer_options.h"

namespace paramstore::cli {
namespace {

ExitStatus run(const TransferOptions& options) {
  std::vector<std::string> names = options.names;
  std::optional<std::string> new_name;
  if (!options.as.empty()) new_name = options.as;
  if (options.to.empty()) {
    if (names.size() != 2 || new_name)
      throw UsageError("within a store it is cp STORE NAME NEW_NAME; --to names another store");
    new_name = names.back();
    names.pop_back();
  }
  StoreReader source(parse_address(options.store));
  const storage::ReadTransaction snapshot(source.file());
  const auto records = select(source.file(), names);
  if (new_name && records.size() != 1) throw UsageError("only one parameter can be called " + shown_name(*new_name));

  const bool within = options.to.empty();
  StoreWriter target(parse_address(within ? options.store : options.to),
                     within ? StoreWriter::Missing::refuse : StoreWriter::Missing::create);
  storage::WriteTransaction transaction(target.file(), {std::nullopt, "paramstore cp from " + options.store});
  transfer(source.file(), records, transaction, new_name, options.force);
  transaction.commit();
  return ExitStatus::done;
}

}  // namespace

void add_cp(CLI::App& command, Action& action) {
  const auto options = std::make_shared<TransferOptions>();
  Verb verb(command, action, "cp", changing_verbs, "Copy parameters, within a store or to another one", run, options);
  add_transfer_options(verb, *options, "The store or scope to copy to; made if there is none");
  verb.footer(
      "All in one commit of the target.\n"
      "Examples: paramstore cp model.params.db weight weight.old\n"
      "          paramstore cp model.params.db 'encoder.*' --to model.params.db//old");
}

}  // namespace paramstore::cli
