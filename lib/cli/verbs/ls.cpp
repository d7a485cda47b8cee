#include <algorithm>
#include <iostream>

#include "lib/cli/address.h"
#include "lib/cli/scopes_hint.h"
#include "lib/cli/selection.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/json.h"
#include "lib/cli/terminal/table.h"
#include "lib/cli/values/shape_text.h"
#include "lib/cli/verb.h"
#include "lib/text/python_regex.h"
#include "paramstore/error.h"

namespace paramstore::cli {
namespace {

using storage::ParamRecord;

struct Options {
  std::string store;
  std::vector<std::string> patterns;
  bool long_form = false;
  bool json = false;
  bool null = false;
  bool reverse = false;
  bool regex = false;
  std::string order = "insertion";
};

void sort(std::vector<ParamRecord>& records, const Options& options) {
  const auto by = [&](auto key) {
    std::stable_sort(records.begin(), records.end(),
                     [&](const ParamRecord& a, const ParamRecord& b) { return key(a) < key(b); });
  };
  if (options.order == "name") by([](const ParamRecord& record) -> const std::string& { return record.name; });
  if (options.order == "size") by(byte_size);
  if (options.order == "revision") by([](const ParamRecord& record) { return record.revision; });
  if (options.reverse) std::reverse(records.begin(), records.end());
}

// The parameters whose names match one of the regular expressions.
std::vector<ParamRecord> search(storage::StoreFile& file, const std::vector<std::string>& patterns) {
  std::vector<PythonRegex> regexes;
  try {
    for (const std::string& pattern : patterns) regexes.emplace_back(pattern);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  std::vector<ParamRecord> result;
  for (ParamRecord& record : file.list()) {
    if (std::any_of(regexes.begin(), regexes.end(),
                    [&](const PythonRegex& regex) { return regex.search(record.name); }))
      result.push_back(std::move(record));
  }
  if (result.empty()) throw NoSuch(file.path() + ": no parameter's name matches");
  return result;
}

ExitStatus run(const Options& options) {
  StoreReader store(parse_address(options.store));
  const storage::ReadTransaction snapshot(store.file());
  std::vector<ParamRecord> records = options.regex && !options.patterns.empty()
                                         ? search(store.file(), options.patterns)
                                         : select(store.file(), options.patterns);
  sort(records, options);
  if (options.json) {
    Json list = Json::array();
    for (const ParamRecord& record : records) list.push_back(to_json(record));
    print_json(std::cout, list);
  } else if (options.null) {
    for (const ParamRecord& record : records) std::cout << record.name << '\0';
  } else if (options.long_form) {
    Table table({{"NAME"}, {"CONSTRAINT"}, {"DTYPE"}, {"SHAPE"}, {"BYTES", Align::right}, {"REVISION", Align::right}});
    for (const ParamRecord& record : records) {
      table.add({shown_name(record.name), cut_to_width(escaped(record.constraint_tag), 40),
                 std::string(dtype_name(record.dtype)), shape_text(record.shape), std::to_string(byte_size(record)),
                 std::to_string(record.revision)});
    }
    table.print(std::cout);
  } else {
    for (const ParamRecord& record : records) std::cout << shown_name(record.name) << '\n';
  }
  if (records.empty()) show_scopes_hint(store.file(), options.store);
  return ExitStatus::done;
}

}  // namespace

void add_ls(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "ls", reading_verbs, "List the parameters, without reading values", run, options);
  verb.add_store(options->store);
  verb.add_patterns(options->patterns);
  verb.add_flag("-l,--long", options->long_form, "Show constraint, dtype, shape, bytes, revision too");
  verb.add_flag("-e,--regex", options->regex, "Treat patterns as Python regular expressions");
  verb.add_option("-s,--sort", options->order, "ORDER", "insertion (the default), name, size or revision")
      .one_of({"insertion", "name", "size", "revision"});
  verb.add_flag("-r,--reverse", options->reverse, "Reverse the order");
  Option json = verb.add_json(options->json);
  verb.add_flag("-z,--null", options->null, "Print unquoted names, each with a NUL (xargs -0)").excludes(json);
  verb.footer(
      "Example: paramstore ls -l --sort size --reverse model.params.db 'encoder.*'\nA name with control characters is "
      "shown in quotes, with escapes.");
}

}  // namespace paramstore::cli
