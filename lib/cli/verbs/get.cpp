#include <fstream>
#include <iostream>

#include "lib/cli/address.h"
#include "lib/cli/constrainer.h"
#include "lib/cli/selection.h"
#include "lib/cli/terminal/terminal.h"
#include "lib/cli/values/stored_value.h"
#include "lib/cli/values/value_output.h"
#include "lib/cli/verb.h"

namespace paramstore::cli {
namespace {

struct Options {
  std::string store;
  std::string name;
  std::string output = "-";
  bool json = false;
  bool npy = false;
  bool constrained = false;
};

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// Refuses an output that would overwrite its source: the store, its scope, or the files beside them.
void refuse_store(const Address& address, const std::string& output) {
  for (const Address& read : {address, Address{address.path, std::nullopt}}) {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      if (same_file({file_of(read) += suffix, std::nullopt}, {output, std::nullopt}))
        throw UsageError(output + ": is part of the store; name another file with --output");
    }
  }
}

ExitStatus run(const Options& options) {
  const Address address = parse_address(options.store);
  StoreReader store(address);
  const storage::ReadTransaction snapshot(store.file());
  storage::ParamRecord record = find(store.file(), options.name);
  std::vector<char> value = read_value(store.file(), record);
  if (options.constrained) {
    auto [shape, bytes] = Constrainer().constrain(record, value);
    record.shape = std::move(shape);
    value = std::move(bytes);
  }

  const bool no_form = !options.json && !options.npy;
  const bool npy = options.npy || (no_form && ends_with(options.output, ".npy"));
  const bool json = options.json || (no_form && ends_with(options.output, ".json"));
  if (json) check_json_length(record);
  const bool to_output = options.output == "-";
  if (npy && to_output && Terminal::output().is_terminal)
    throw UsageError("a .npy file cannot be shown on a terminal; name a file with --output, or use a pipe");
  std::ofstream file;
  if (!to_output) {
    refuse_store(address, options.output);
    file.open(options.output, std::ios::binary | std::ios::trunc);
    if (!file) throw FileError(options.output + ": cannot be written; does its folder exist, and is it writable?");
  }
  std::ostream& out = to_output ? std::cout : file;
  (npy ? write_npy : json ? write_json : write_text)(out, record, value.data());
  if (!out.flush())
    throw FileError((to_output ? "the output" : options.output) + ": cannot be written; is the disk full?");
  return ExitStatus::done;
}

}  // namespace

void add_get(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "get", reading_verbs, "Write a value as text, JSON or .npy", run, options);
  verb.add_store(options->store);
  verb.add_argument("NAME", options->name, "A parameter's name").required();
  verb.add_flag("-c,--constrained", options->constrained, "Write the value as programs see it; loads LibTorch");
  Option json = verb.add_flag("--json", options->json, "Write nested arrays; NaN is null, infinity 9e999");
  verb.add_flag("--npy", options->npy, "Write NumPy's format; bfloat16 becomes float32").excludes(json);
  verb.add_option("-o,--output", options->output, "FILE", "Write to a file; .npy or .json selects the format");
  verb.footer(
      "Writes the unconstrained value, unless --constrained is given: for the\n"
      "constraint real it is the value that programs see, for positive its logarithm.\n"
      "Text has one row per line, as numpy.loadtxt reads it.");
}

}  // namespace paramstore::cli
