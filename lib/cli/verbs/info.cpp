#include <iostream>
#include <map>

#include "lib/cli/address.h"
#include "lib/cli/file_summary.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/json.h"
#include "lib/cli/terminal/readable_numbers.h"
#include "lib/cli/terminal/terminal.h"
#include "lib/cli/values/shape_text.h"
#include "lib/cli/verb.h"

namespace paramstore::cli {
namespace {

struct Options {
  std::string store;
  bool json = false;
};

struct Totals {
  std::uint64_t params = 0;
  std::uint64_t elements = 0;
  std::uint64_t bytes = 0;

  void add(const storage::ParamRecord& record) {
    ++params;
    elements += element_count(record);
    bytes += byte_size(record);
  }
};

struct Info {
  Totals all;
  std::map<std::string, Totals> by_dtype;
  storage::FileFacts facts;
  std::optional<storage::CommitRecord> newest;
  std::vector<FileSummary> scopes;
};

Info look(const Address& address) {
  Info info;
  StoreReader store(address);
  std::vector<std::string> scopes;
  {
    const storage::ReadTransaction snapshot(store.file());
    for (const storage::ParamRecord& record : store.file().list()) {
      info.all.add(record);
      info.by_dtype[std::string(dtype_name(record.dtype))].add(record);
    }
    info.facts = store.file().facts();
    if (auto commits = store.file().commits(1); !commits.empty()) info.newest = std::move(commits.front());
    if (!address.scope) scopes = store.database().scope_names();
  }
  for (const std::string& scope : scopes) info.scopes.push_back(summarize({address.path, scope}));
  return info;
}

Json to_json(const Totals& totals) {
  return {{"params", totals.params}, {"numel", totals.elements}, {"nbytes", totals.bytes}};
}

Json to_json(const Info& info, const std::string& store) {
  Json json{{"store", store}};
  json.update(to_json(info.all));
  Json dtypes = Json::object();
  for (const auto& [dtype, totals] : info.by_dtype) dtypes[dtype] = to_json(totals);
  json["dtypes"] = std::move(dtypes);
  json["file_bytes"] = info.facts.bytes;
  json["free_bytes"] = info.facts.free_bytes;
  json["store_id"] = info.facts.store_id;
  json["created"] = info.facts.created;
  json["library_version"] = info.facts.library_version;
  json["schema_version"] = info.facts.schema_version;
  json["last_commit"] = info.newest ? cli::to_json(*info.newest) : Json();
  Json scopes = Json::array();
  for (const FileSummary& scope : info.scopes) {
    if (scope.error.empty()) {
      scopes.push_back({{"scope", *scope.scope}, {"params", scope.params}, {"bytes", scope.bytes}});
    } else {
      scopes.push_back({{"scope", *scope.scope}, {"error", scope.error}});
    }
  }
  json["scopes"] = std::move(scopes);
  return json;
}

std::string text(const Totals& totals) {
  return counted(totals.params, "parameter") + ", " + counted(totals.elements, "element") + ", " +
         byte_count(totals.bytes);
}

void print(const Info& info, const std::string& store) {
  const auto line = [](const std::string& title, const std::string& value) {
    std::cout << "  " << title << std::string(std::max<std::size_t>(title.size() + 2, 13) - title.size(), ' ') << value
              << '\n';
  };
  std::cout << coloured(Terminal::output(), Colour::bold, shown_name(store)) << '\n';
  line("contents", text(info.all));
  for (const auto& [dtype, totals] : info.by_dtype) line("  " + dtype, text(totals));
  line("file", byte_count(info.facts.bytes) +
                   (info.facts.free_bytes == 0 ? "" : ", " + byte_count(info.facts.free_bytes) + " of it unused"));
  if (!info.newest) {
    line("last commit", "none");
  } else {
    std::string commit =
        "revision " + std::to_string(info.newest->revision) + ", " + cut_to_width(escaped(info.newest->time), 40);
    if (info.newest->step) commit += ", step " + std::to_string(*info.newest->step);
    if (info.newest->message) commit += ", " + escaped(*info.newest->message);
    line("last commit", commit);
  }
  line("created", escaped(info.facts.created) + " by paramstore " + escaped(info.facts.library_version));
  line("store id", escaped(info.facts.store_id));
  line("schema", "version " + std::to_string(info.facts.schema_version));
  if (info.scopes.empty()) return;
  line("scopes", std::to_string(info.scopes.size()));
  std::size_t width = 0;
  for (const FileSummary& scope : info.scopes) width = std::max(width, display_width(shown_name(*scope.scope)));
  for (const FileSummary& scope : info.scopes) {
    const std::string name = shown_name(*scope.scope);
    std::cout << "    " << name << std::string(width - display_width(name) + 2, ' ')
              << (scope.error.empty() ? counted(scope.params, "parameter") + ", file " + byte_count(scope.bytes)
                                      : escaped(scope.error))
              << '\n';
  }
}

ExitStatus run(const Options& options) {
  const Info info = look(parse_address(options.store));
  if (options.json) {
    print_json(std::cout, to_json(info, options.store));
  } else {
    print(info, options.store);
  }
  for (const FileSummary& scope : info.scopes) {
    if (!scope.error.empty()) return ExitStatus::damaged;
  }
  return ExitStatus::done;
}

}  // namespace

void add_info(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "info", reading_verbs, "Summarize a store: totals, scopes, last commit", run, options);
  verb.add_store(options->store);
  verb.add_json(options->json);
  verb.footer(
      "Reads no values. The totals do not include the scopes, which are listed below;\n"
      "`paramstore info STORE//SCOPE` summarizes one. `paramstore compact` returns\n"
      "unused room.");
}

}  // namespace paramstore::cli
