#include <fstream>
#include <iostream>
#include <optional>

#include "lib/cli/address.h"
#include "lib/cli/constrainer.h"
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
  bool constrained = false;
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

// A value to write: as it is stored, or as programs see it.
struct Shown {
  ParamRecord record;
  std::vector<char> bytes;
};

// Reads values of one file, and has LibTorch transform them if `constrained` is asked for.
class Reader {
 public:
  Reader(storage::StoreFile& file, bool constrained) : file_(file) {
    if (constrained) constrainer_.emplace();
  }

  Shown read(const ParamRecord& record) {
    Shown shown{record, read_value(file_, record)};
    if (!constrainer_) return shown;
    auto [shape, bytes] = constrainer_->constrain(record, shown.bytes);
    shown.record.shape = std::move(shape);
    shown.bytes = std::move(bytes);
    return shown;
  }

 private:
  storage::StoreFile& file_;
  std::optional<Constrainer> constrainer_;
};

void write_one(std::ostream& out, Format format, const Shown& value) {
  if (format == Format::json) check_json_length(value.record);
  const auto write = format == Format::npy ? write_npy : format == Format::json ? write_json : write_text;
  write(out, value.record, value.bytes.data());
  if (format == Format::json) out << '\n';
}

void write_several(std::ostream& out, Format format, Reader& reader, const std::vector<ParamRecord>& records) {
  const char* separator = format == Format::json ? "{\n  " : "";
  for (const ParamRecord& record : records) {
    const Shown value = reader.read(record);
    if (format == Format::json) {
      check_json_length(value.record);
      out << separator << json_text(record.name) << ": ";
      write_json(out, value.record, value.bytes.data());
      separator = ",\n  ";
    } else {
      out << separator << "# " << shown_name(record.name) << '\n';
      write_text(out, value.record, value.bytes.data());
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
  Reader reader(store.file(), options.constrained);
  // An existing output is emptied only once every value is known to have a transform.
  if (options.constrained && !to_output) {
    for (const ParamRecord& record : records) static_cast<void>(reader.read(record));
  }
  std::ofstream file;
  if (!to_output) {
    file.open(options.output, std::ios::binary | std::ios::trunc);
    if (!file) throw FileError(options.output + ": cannot be written; does its folder exist, and is it writable?");
  }
  std::ostream& out = to_output ? std::cout : file;
  if (one) {
    write_one(out, format, reader.read(records.front()));
  } else {
    write_several(out, format, reader, records);
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
  verb.add_flag("-c,--constrained", options->constrained, "Write values as programs see them; loads LibTorch");
  Option text = verb.add_flag("--text", options->text, "Write text, whatever the file's name");
  Option json = verb.add_flag("--json", options->json, "Write nested arrays; NaN is null, infinity 9e999");
  verb.add_flag("--npy", options->npy, "Write NumPy's format; bfloat16 becomes float32").excludes(json).excludes(text);
  json.excludes(text);
  verb.add_option("-o,--output", options->output, "FILE", "Write to a file: .txt, .json or .npy");
  verb.footer(
      "Writes the unconstrained value, unless --constrained is given: for the\n"
      "constraint real it is the value that programs see, for positive its logarithm.\n"
      "Text has one row per line, as numpy.loadtxt reads it.\n"
      "For several names, or a glob, text has a line \"# NAME\" before each value, and\n"
      "JSON is an object with a member for each name.");
}

}  // namespace paramstore::cli
