#include <iostream>

#include "lib/cli/address.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/json.h"
#include "lib/cli/terminal/progress.h"
#include "lib/cli/terminal/readable_numbers.h"
#include "lib/cli/verb.h"
#include "lib/text/constraint_signatures.h"
#include "paramstore/error.h"

namespace paramstore::cli {
namespace {

using storage::Damage;

struct Options {
  std::string store;
  bool json = false;
  bool quiet = false;
};

struct Report {
  std::string store;  // as on the command line
  storage::Verification verification;

  bool sound() const { return verification.damage.empty() && verification.missing.empty(); }
};

// Why a file cannot be opened, without the file's name, which the report shows anyway.
Damage unreadable(const std::exception& error, const Address& address) {
  const std::string what = error.what();
  for (const std::filesystem::path& path : {file_of(address), address.path}) {
    const std::string start = path.string() + ": ";
    if (what.compare(0, start.size(), start) == 0) return {"", what.substr(start.size())};
  }
  return {"", what};
}

Report verify(const std::string& name, const Address& address) {
  Report report{name, {}};
  try {
    StoreReader store(address);
    ProgressLine progress("verifying " + shown_name(name));
    report.verification = store.file().verify(progress.callback());
    for (const auto& record : report.verification.records) {
      const std::string& tag = record.constraint_tag;
      const auto problem = tag_problem(tag);
      if (!problem) continue;
      const std::string shown = "the constraint tag " + shown_name(tag.substr(0, 80));
      if (problem->kind == TagProblem::Kind::invalid) {
        report.verification.damage.push_back({record.name, shown + " is invalid: " + problem->what});
      } else {
        report.verification.notes.push_back("parameter " + shown_name(record.name) + ": " + shown + ": " +
                                            problem->what);
      }
    }
  } catch (const CorruptStore& error) {
    report.verification.damage.push_back(unreadable(error, address));
  } catch (const NotAStore& error) {
    report.verification.damage.push_back(unreadable(error, address));
  }
  return report;
}

void print(const Report& report) {
  const storage::Verification& found = report.verification;
  const std::string start = shown_name(report.store) + ": ";
  for (const Damage& each : found.damage)
    std::cout << start << (each.name.empty() ? "" : "parameter " + shown_name(each.name) + ": ") << escaped(each.what)
              << '\n';
  for (const std::string& each : found.missing) std::cout << start << "missing: " << escaped(each) << '\n';
  for (const std::string& each : found.notes) std::cout << start << "note: " << escaped(each) << '\n';
  if (!found.damage.empty()) return;
  std::cout << start << "sound: " << counted(found.records.size(), "parameter") << ", " << byte_count(found.bytes);
  if (found.without_checksum > 0)
    std::cout << "; " << counted(found.without_checksum, "value") << " written by another tool, without a checksum";
  std::cout << '\n';
}

Json to_json(const Report& report) {
  Json damage = Json::array();
  for (const Damage& each : report.verification.damage) {
    Json entry{{"name", nullptr}, {"what", each.what}};
    if (!each.name.empty()) entry["name"] = each.name;
    damage.push_back(std::move(entry));
  }
  return {{"store", report.store},
          {"sound", report.sound()},
          {"params", report.verification.records.size()},
          {"bytes", report.verification.bytes},
          {"without_checksum", report.verification.without_checksum},
          {"damage", std::move(damage)},
          {"missing", report.verification.missing},
          {"notes", report.verification.notes}};
}

ExitStatus run(const Options& options) {
  const Address address = parse_address(options.store);
  std::vector<Report> reports{verify(options.store, address)};
  if (!address.scope) {
    std::vector<std::string> scopes;
    try {
      StoreReader store(address);
      scopes = store.database().scope_names();
    } catch (const Error&) {
      // Reported above: a store that cannot be opened lists no scopes.
      if (reports.front().verification.damage.empty()) throw;
    }
    for (const std::string& scope : scopes)
      reports.push_back(verify(options.store + "//" + scope, {address.path, scope}));
  }
  bool sound = true;
  Json list = Json::array();
  for (const Report& report : reports) {
    sound = sound && report.sound();
    if (options.quiet) continue;
    if (options.json) {
      list.push_back(to_json(report));
    } else {
      print(report);
    }
  }
  if (options.json && !options.quiet) print_json(std::cout, list);
  return sound ? ExitStatus::done : ExitStatus::found;
}

}  // namespace

void add_verify(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "verify", keeping_verbs, "Read everything and report any damage", run, options);
  verb.add_store(options->store);
  verb.add_json(options->json);
  verb.add_flag("-q,--quiet", options->quiet, "Print nothing; only set the exit status");
  verb.footer(
      "Checks the structure, the rows, the values' lengths and checksums, and the\n"
      "constraint tags of the store and of its scopes, and that every scope the store\n"
      "lists exists. A note about a constraint means that only the program that\n"
      "registered it can check it. The exit status is 0 if everything is sound, 1 if\n"
      "something is damaged or missing. Changes nothing.");
}

}  // namespace paramstore::cli
