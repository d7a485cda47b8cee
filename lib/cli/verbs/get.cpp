#include <fstream>
#include <iostream>

#include "lib/cli/address.h"
#include "lib/cli/selection.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/json.h"
#include "lib/cli/terminal/terminal.h"
#include "lib/cli/values/stored_value.h"
#include "lib/cli/values/value_output.h"
#include "lib/cli/verb.h"

namespace paramstore::cli {
namespace {

using storage::ParamRecord;

struct Options {
  std::string store;
  std::vector<std::string> patterns;
  std::string output = "-";
  bool text = false;
  bool json = false;
  bool npy = false;
};

enum class Format { text, json, npy };

// Refuses an output that would overwrite its source: the store, its scope, or the files beside them.
void refuse_store(const Address& address, const std::string& output) {
  for (const Address& read : {address, Address{address.path, std::nullopt}}) {
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) {
      if (same_file({file_of(read) += suffix, std::nullopt}, {output, std::nullopt}))
        throw UsageError(output + ": is part of the store; name another file with --output");
    }
  }
}

// What an option asks for, or else the output's suffix.
Format format_of(const Options& options) {
  if (options.text) return Format::text;
  if (options.json) return Format::json;
  if (options.npy) return Format::npy;
  const std::string suffix = options.output == "-" ? "" : std::filesystem::path(options.output).extension().string();
  if (suffix.empty() || suffix == ".txt") return Format::text;
  if (suffix == ".json") return Format::json;
  if (suffix == ".npy") return Format::npy;
  throw UsageError(options.output + ": cannot write " + suffix +
                   " files; the formats are text (.txt, or no suffix), JSON (.json) and NumPy's (.npy); --text, --json "
                   "or --npy selects one for any file name");
}

// Whether the command line names one parameter, and not a selection of them: what is written then is only the value,
// however many parameters a glob happens to match.
bool names_one(const std::vector<std::string>& patterns, const std::vector<ParamRecord>& records) {
  return patterns.size() == 1 && records.size() == 1 && records.front().name == patterns.front();
}

void write_one(std::ostream& out, Format format, storage::StoreFile& file, const ParamRecord& record) {
  const std::vector<char> value = read_value(file, record);
  (format == Format::npy ? write_npy : format == Format::json ? write_json : write_text)(out, record, value.data());
  if (format == Format::json) out << '\n';
}

void write_several(std::ostream& out, Format format, storage::StoreFile& file,
                   const std::vector<ParamRecord>& records) {
  const char* separator = format == Format::json ? "{\n  " : "";
  for (const ParamRecord& record : records) {
    const std::vector<char> value = read_value(file, record);
    if (format == Format::json) {
      out << separator << json_text(record.name) << ": ";
      write_json(out, record, value.data());
      separator = ",\n  ";
    } else {
      out << separator << "# " << shown_name(record.name) << '\n';
      write_text(out, record, value.data());
      separator = "\n";
    }
  }
  if (format == Format::json) out << "\n}\n";
}

ExitStatus run(const Options& options) {
  const Address address = parse_address(options.store);
  const bool to_output = options.output == "-";
  if (!to_output) refuse_store(address, options.output);
  const Format format = format_of(options);
  StoreReader store(address);
  const storage::ReadTransaction snapshot(store.file());
  const std::vector<ParamRecord> records = select(store.file(), options.patterns);
  const bool one = names_one(options.patterns, records);
  if (format == Format::json) {
    for (const ParamRecord& record : records) check_json_length(record);
  }
  if (format == Format::npy && !one)
    throw UsageError("a .npy file holds one value, so give it one parameter's name; text and JSON can hold several");
  if (format == Format::npy && to_output && Terminal::output().is_terminal)
    throw UsageError("a .npy file cannot be shown on a terminal; name a file with --output, or use a pipe");
  std::ofstream file;
  if (!to_output) {
    file.open(options.output, std::ios::binary | std::ios::trunc);
    if (!file) throw FileError(options.output + ": cannot be written; does its folder exist, and is it writable?");
  }
  std::ostream& out = to_output ? std::cout : file;
  if (one) {
    write_one(out, format, store.file(), records.front());
  } else {
    write_several(out, format, store.file(), records);
  }
  if (!out.flush())
    throw FileError((to_output ? "the output" : options.output) + ": cannot be written; is the disk full?");
  return ExitStatus::done;
}

}  // namespace

void add_get(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "get", reading_verbs, "Write values as text, JSON or .npy", run, options);
  verb.add_store(options->store);
  verb.add_patterns(options->patterns).required();
  Option text = verb.add_flag("--text", options->text, "Write text, whatever the file's name");
  Option json = verb.add_flag("--json", options->json, "Write nested arrays; NaN is null, infinity 9e999");
  verb.add_flag("--npy", options->npy, "Write NumPy's format; bfloat16 becomes float32").excludes(json).excludes(text);
  json.excludes(text);
  verb.add_option("-o,--output", options->output, "FILE", "Write to a file: .txt, .json or .npy");
  verb.footer(
      "Writes the unconstrained value: for the constraint real it is the value that\n"
      "programs see, for positive its logarithm. Text has one row per line, as\n"
      "numpy.loadtxt reads it.\n"
      "For several names, or a glob, text has a line \"# NAME\" before each value, and\n"
      "JSON is an object with a member for each name.");
}

}  // namespace paramstore::cli
