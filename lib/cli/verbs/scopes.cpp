#include <algorithm>
#include <iostream>

#include "lib/cli/address.h"
#include "lib/cli/file_summary.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/json.h"
#include "lib/cli/terminal/readable_numbers.h"
#include "lib/cli/terminal/table.h"
#include "lib/cli/verb.h"
#include "paramstore/error.h"

namespace paramstore::cli {
namespace {

struct Options {
  std::string store;
  std::string drop;
  bool dry_run = false;
  bool json = false;
};

// Whether the scope has a file. The store may still list one without.
bool has_file(const Options& options, const Address& address) {
  StoreReader store(address);
  const auto names = store.database().scope_names();
  return std::find(names.begin(), names.end(), options.drop) != names.end();
}

// Says what is dropped, or would be, which is only known before.
ExitStatus drop(const Options& options, const Address& address) {
  if (!has_file(options, address)) {
    StoreWriter store(address, StoreWriter::Missing::refuse);
    if (options.dry_run || !store.database().drop_scope(options.drop)) require_scope(store.database(), options.drop);
    std::cout << "dropped scope " << shown_name(options.drop) << ", whose file did not exist\n";
    return ExitStatus::done;
  }
  const FileSummary summary = summarize({address.path, options.drop});
  if (!options.dry_run && !StoreWriter(address, StoreWriter::Missing::refuse).database().drop_scope(options.drop))
    throw StaleParam(options.store + ": the scope " + shown_name(options.drop) + " was dropped by another process", {});
  std::cout << (options.dry_run ? "would drop " : "dropped ") << "scope " << shown_name(options.drop) << ": "
            << (summary.error.empty() ? counted(summary.params, "parameter") + ", " + byte_count(summary.bytes)
                                      : "its contents cannot be read: " + escaped(summary.error))
            << '\n';
  return ExitStatus::done;
}

ExitStatus run(const Options& options) {
  const Address address = parse_address(options.store);
  if (address.scope) throw UsageError(options.store + ": is a scope itself; name the store alone");
  if (!options.drop.empty()) return drop(options, address);
  if (options.dry_run) throw UsageError("--dry-run needs --drop SCOPE; without it nothing is dropped anyway");

  std::vector<FileSummary> lines{summarize(address)};
  std::vector<std::string> names;
  {
    StoreReader store(address);
    names = store.database().scope_names();
  }
  for (const std::string& name : names) lines.push_back(summarize({address.path, name}));

  bool all_readable = true;
  Json list = Json::array();
  Table table({{"SCOPE"},
               {"PARAMETERS", Align::right},
               {"FILE SIZE", Align::right},
               {"REVISION", Align::right},
               {"LAST COMMIT"}});
  for (const FileSummary& line : lines) {
    all_readable = all_readable && line.error.empty();
    Json json{{"scope", nullptr}};
    if (line.scope) json["scope"] = *line.scope;
    const std::string name = line.scope ? shown_name(*line.scope) : "(the store itself)";
    if (!line.error.empty()) {
      json["error"] = line.error;
      table.add({name, "", "", "", escaped(line.error)});
    } else {
      json.update(Json{{"params", line.params},
                       {"bytes", line.bytes},
                       {"revision", line.newest.revision},
                       {"last_commit", line.newest.time}});
      table.add({name, std::to_string(line.params), byte_count(line.bytes), std::to_string(line.newest.revision),
                 cut_to_width(escaped(line.newest.time), 40)});
    }
    list.push_back(std::move(json));
  }
  if (options.json) {
    print_json(std::cout, list);
  } else {
    table.print(std::cout);
  }
  return all_readable ? ExitStatus::done : ExitStatus::damaged;
}

}  // namespace

void add_scopes(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "scopes", reading_verbs, "List the scopes, or drop one", run, options);
  verb.add_store(options->store);
  verb.add_option("--drop", options->drop, "SCOPE", "Delete this scope with all its parameters");
  verb.add_flag("-n,--dry-run", options->dry_run, "With --drop: only print what would be dropped");
  verb.add_json(options->json);
  verb.footer("To other verbs, name a scope as STORE//SCOPE.");
}

}  // namespace paramstore::cli
