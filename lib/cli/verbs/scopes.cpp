#include <iostream>

#include "lib/cli/address.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/json.h"
#include "lib/cli/terminal/readable_numbers.h"
#include "lib/cli/terminal/table.h"
#include "lib/cli/verb.h"
#include "paramstore/error.h"

namespace paramstore::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string store;
  std::string drop;
  bool json = false;
};

struct Line {
  std::optional<std::string> scope;  // null for the store itself
  std::uint64_t params = 0;
  std::uint64_t bytes = 0;  // of the file
  Revision revision = 0;
  std::string time;   // of the newest commit
  std::string error;  // if the file cannot be read; then the rest is not set
};

Line look_at(const Address& address) {
  Line line;
  line.scope = address.scope;
  try {
    StoreReader store(address);
    const storage::ReadTransaction snapshot(store.file());
    line.params = store.file().count();
    line.revision = store.file().revision();
    if (const auto newest = store.file().commits(1); !newest.empty()) line.time = newest.front().time;
    line.bytes = fs::file_size(store.file().path());
  } catch (const Error& error) {
    if (!address.scope) throw;  // without a scope there is nothing to list
    line.error = error.what();
  }
  return line;
}

ExitStatus drop(const Options& options, const Address& address) {
  StoreWriter store(address, StoreWriter::Missing::refuse);
  if (!store.database().drop_scope(options.drop)) {
    throw NoSuch(options.store + ": has no scope " + shown_name(options.drop) +
                 "; `paramstore scopes` lists its scopes");
  }
  return ExitStatus::done;
}

ExitStatus run(const Options& options) {
  const Address address = parse_address(options.store);
  if (address.scope) throw UsageError(options.store + ": is a scope itself; name the store alone");
  if (!options.drop.empty()) return drop(options, address);

  std::vector<Line> lines{look_at(address)};
  std::vector<std::string> names;
  {
    StoreReader store(address);
    names = store.database().scope_names();
  }
  for (const std::string& name : names) lines.push_back(look_at({address.path, name}));

  bool all_readable = true;
  Json list = Json::array();
  Table table({{"SCOPE"},
               {"PARAMETERS", Align::right},
               {"FILE SIZE", Align::right},
               {"REVISION", Align::right},
               {"LAST COMMIT"}});
  for (const Line& line : lines) {
    all_readable = all_readable && line.error.empty();
    Json json{{"scope", nullptr}};
    if (line.scope) json["scope"] = *line.scope;
    const std::string name = line.scope ? shown_name(*line.scope) : "(the store itself)";
    if (!line.error.empty()) {
      json["error"] = line.error;
      table.add({name, "", "", "", escaped(line.error)});
    } else {
      json.update(Json{
          {"params", line.params}, {"bytes", line.bytes}, {"revision", line.revision}, {"last_commit", line.time}});
      table.add({name, std::to_string(line.params), byte_count(line.bytes), std::to_string(line.revision),
                 cut_to_width(escaped(line.time), 40)});
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
  verb.add_json(options->json);
  verb.footer("To other verbs, name a scope as STORE//SCOPE.");
}

}  // namespace paramstore::cli
